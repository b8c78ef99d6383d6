/** POSTs of what applications sign with, for repeatable-posts.ts. */
import { PLATFORM } from "../../src/entities/ids.ts";
import { PUBLIC_KEY } from "../support/client-key.ts";
import type { Person } from "../support/gateway.ts";
import { addApplication, addPlatformApplication, foundOrganization, signingKeyOf } from "../support/world.ts";
import type { Prepare, Repeatable, Stage } from "./repeatable-posts.ts";

/** A key that signs next, or one that signs and is replaced. */
async function turnKeys(
  by: Person,
  { application, slug }: { readonly application: string; readonly slug: string },
  verb: "rotate" | "revoke",
): Promise<Repeatable> {
  const adds = slug === PLATFORM ? {} : { signing_keys: 1 };
  if (verb === "rotate") {
    const events = ["application.rotate_keys"];
    return { by, path: `${application}/keys/rotate`, body: {}, slug, view: null, events, adds };
  }
  const view = `${application}/keys/${await signingKeyOf(by, application)}`;
  return { by, path: `${view}/revoke`, slug, view, events: ["application.revoke_key"], adds };
}

async function turnOwnKeys({ founder }: Stage, verb: "rotate" | "revoke"): Promise<Repeatable> {
  const slug = await foundOrganization(founder);
  const { anchor } = await addApplication(founder, slug);
  return await turnKeys(founder, { application: `/v1/organizations/${slug}/applications/${anchor}`, slug }, verb);
}

async function turnPlatformKeys({ operator }: Stage, verb: "rotate" | "revoke"): Promise<Repeatable> {
  const { anchor } = await addPlatformApplication(operator);
  return await turnKeys(operator, { application: `/v1/platform/applications/${anchor}`, slug: PLATFORM }, verb);
}

/** A public key: the answer to a repetition has all that the first one had. */
function addClientKey(by: Person, application: string, slug: string): Repeatable {
  const body = { name: "Deployment", publicKey: PUBLIC_KEY };
  const adds = slug === PLATFORM ? {} : { client_keys: 1 };
  const events = ["application.add_client_key"];
  return { by, path: `${application}/client-keys`, body, slug, view: null, events, adds };
}

const ORGANIZATION = "/v1/organizations/:slug";

export const OF_KEYS: Readonly<Record<string, Prepare>> = {
  [`${ORGANIZATION}/applications/:anchor/keys/rotate`]: async (stage) => await turnOwnKeys(stage, "rotate"),
  [`${ORGANIZATION}/applications/:anchor/keys/:kid/revoke`]: async (stage) => await turnOwnKeys(stage, "revoke"),
  [`${ORGANIZATION}/applications/:anchor/client-keys`]: async ({ founder }) => {
    const slug = await foundOrganization(founder);
    const { anchor } = await addApplication(founder, slug);
    return addClientKey(founder, `/v1/organizations/${slug}/applications/${anchor}`, slug);
  },
  "/v1/platform/applications/:anchor/client-keys": async ({ operator }) => {
    const { anchor } = await addPlatformApplication(operator);
    return addClientKey(operator, `/v1/platform/applications/${anchor}`, PLATFORM);
  },
  "/v1/platform/applications/:anchor/keys/rotate": async (stage) => await turnPlatformKeys(stage, "rotate"),
  "/v1/platform/applications/:anchor/keys/:kid/revoke": async (stage) => await turnPlatformKeys(stage, "revoke"),
};
