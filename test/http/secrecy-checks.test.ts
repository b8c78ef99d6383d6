/** K9, for every check: what is others' and what does not exist answer alike, of the built-in kinds and of a host's. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { KINDS, type Kind } from "../../src/entities/kinds.ts";
import { ROUTES } from "../../src/http/registry.ts";
import { must } from "../support/world.ts";
import { named, type World } from "./route-samples.ts";
import { makeSecrecy, type Request, type Secrecy, send, type Variant } from "./secrecy-world.ts";

let at: Secrecy;
beforeAll(async () => {
  at = await makeSecrecy();
});
afterAll(async () => await at.gateway.close());

/** AUTHZEN.md: what names a resource of the kind. */
const IDS: Readonly<Record<Kind, (world: World) => string>> = {
  account: ({ member }) => member.alias,
  organization: ({ slug }) => slug,
  sector: ({ sector }) => sector,
  application: ({ anchor }) => anchor,
  member: ({ slug, member }) => `${slug}/${member.alias}`,
  invitation: ({ invitation }) => invitation,
  transfer: ({ transfer }) => transfer,
};

const SEARCHES = ["subject", "resource", "action"].map((what) => `search/${what}`);
const CHECKS = ["/v1/explain", ...["evaluation", "evaluations", ...SEARCHES].map((path) => `/access/v1/${path}`)];

const IS_FULL = process.env["BAILIWICK_FULL"] === "1";
const ACTIONS = IS_FULL ? ["view", "retire", "accept", "list_members", "fly"] : ["view", "accept"];
const VARIANTS: readonly Variant[] = [
  {},
  { query: "?verbose=1" },
  { headers: { "if-match": '"1"', "idempotency-key": "once" } },
].slice(0, IS_FULL ? 3 : 1);

describe("A check", () => {
  test("is asked only where this test knows", () => {
    const authzen = ROUTES.filter((route) => route.access === "caller" && route.dialect === "authzen");
    const asked = CHECKS.flatMap((path) => ["", "/o/:slug"].map((at) => `POST ${at}${path}`));
    // As every other route: secrecy.test.ts.
    const ofLogins = ["logins", "client-authentications"].map((noun) => `POST /v1/applications/:anchor/${noun}`);
    expect(authzen.map(named).sort()).toEqual([...asked, ...ofLogins].sort());
  });

  test.each(KINDS)("about a foreign %s answers as about an unknown one", async (type) => {
    const { stranger, bound, foreign, unknown } = at;
    for (const name of ACTIONS) {
      for (const [by, path] of [stranger, bound].flatMap((each) => CHECKS.map((path) => [each, path] as const))) {
        for (const subject of [stranger.alias, foreign.member.alias, unknown.member.alias]) {
          for (const variant of VARIANTS) {
            const check = { subject: { type: "account", id: subject }, action: { name } };
            const asked = (world: World): Request => {
              const body = JSON.stringify({ ...check, resource: { type, id: IDS[type](world) } });
              return { method: "POST", path, token: by.token, body, ...variant };
            };
            const theirs = await send(at, asked(foreign));
            expect([by.alias, check, await send(at, asked(unknown))]).toEqual([by.alias, check, theirs]);
            if (type !== "member") continue;
            expect(await send(at, asked({ ...foreign, member: unknown.member }))).toEqual(theirs);
          }
        }
      }
    }
  });

  test("by a person about somebody else is refused whether they exist or not", async () => {
    const asked = (id: string): Request => {
      const resource = { type: "organization", id: at.own };
      const body = JSON.stringify({ subject: { type: "account", id }, action: { name: "view" }, resource });
      return { method: "POST", path: "/access/v1/evaluation", token: at.stranger.token, body };
    };
    const theirs = await send(at, asked(at.foreign.member.alias));
    expect(theirs).toMatchObject({ status: 403 });
    expect(await send(at, asked(at.unknown.member.alias))).toEqual(theirs);
  });

  test("about a thing of a host's kind in a foreign organization answers as about an unknown one", async () => {
    const { stranger, bound, own, foreign, unknown } = at;
    const project = { attributes: { title: "Plan", state: "active" } };
    for (const [keeper, slug, id] of [
      [foreign.keeper, foreign.slug, "theirs"],
      [foreign.keeper, foreign.slug, "shared"],
      [bound, own, "shared"],
    ] as const) {
      const leader = slug === own ? stranger : foreign.member;
      const relations = { leader: [{ type: "account", id: leader.alias }] };
      must(await keeper.put(`/v1/organizations/${slug}/entities/project/${id}`, { ...project, relations }), 201);
    }
    const answers = new Map<string, unknown>();
    for (const by of [stranger, bound]) {
      for (const path of CHECKS) {
        for (const subject of [stranger.alias, foreign.member.alias, unknown.member.alias]) {
          const asked = async (slug: string | null, id: string): Promise<unknown> => {
            const question = { subject: { type: "account", id: subject }, action: { name: "view" } };
            const body = JSON.stringify({ ...question, resource: { type: "project", id } });
            const target = slug === null ? path : `/o/${slug}${path}`;
            return await send(at, { method: "POST", path: target, token: by.token, body });
          };
          const nowhere = await asked(unknown.slug, "absent");
          for (const id of ["theirs", "shared", "absent"]) {
            expect([by.alias, path, subject, id, await asked(foreign.slug, id)]).toEqual([
              ...[by.alias, path, subject, id, nowhere],
            ]);
          }
          for (const slug of [own, null]) {
            expect([by.alias, path, await asked(slug, "theirs")]).toEqual([
              by.alias,
              path,
              await asked(slug, "absent"),
            ]);
          }
          answers.set(`${by.alias} ${path} ${subject}`, await asked(own, "shared"));
        }
      }
    }
    // What it could have told: who leads the project of the same id, here and there.
    const ofMine = answers.get(`bound /access/v1/evaluation ${stranger.alias}`);
    expect(ofMine).toMatchObject({ text: expect.stringMatching(/^\{"decision":true/) });
    const ofTheirs = answers.get(`bound /access/v1/evaluation ${foreign.member.alias}`);
    expect(ofTheirs).toMatchObject({ text: expect.stringMatching(/^\{"decision":false/) });
  });
});
