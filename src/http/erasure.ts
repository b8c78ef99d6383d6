import { z } from "zod";
import type { Caller } from "../entities/callers.ts";
import type { Deps } from "../domain/deps.ts";
import { type BlockingOrganization, eraseAccount, preflightErasure } from "../domain/erasure.ts";
import { type Answer, removed } from "./answer.ts";
import { REMOVED } from "./contract.ts";
import { anchor, NOTHING, sectorId, slug } from "./fields.ts";
import { reason, remedy } from "./reasons.ts";
import { command, inquiry, type Route } from "./route.ts";

const href = z.string().min(1);

const EXAMPLE = {
  allowed: false,
  reasons: [{ code: "LIVE_ORGANIZATIONS", organizations: 1 }],
  remedies: [
    {
      for: "LIVE_ORGANIZATIONS",
      message:
        "Retire what is enabled in these organizations, which are then archived with the account, or make another member an Owner there.",
      organizations: ["acme"],
    },
  ],
  organizations: [
    {
      slug: "acme",
      href: "/v1/organizations/acme",
      version: 12,
      applications: [
        { id: "app-mptm5ctgtztv26tgmbvv", href: "/v1/organizations/acme/applications/app-mptm5ctgtztv26tgmbvv" },
      ],
      sectors: [{ id: "sec-ctjjdpj1r2x898hen5w0", href: "/v1/organizations/acme/sectors/sec-ctjjdpj1r2x898hen5w0" }],
    },
  ],
  archives: ["idle"],
  plan: [
    { method: "POST", path: "/v1/organizations/acme/applications/app-mptm5ctgtztv26tgmbvv/retire" },
    { method: "POST", path: "/v1/organizations/acme/sectors/sec-ctjjdpj1r2x898hen5w0/retire" },
    { method: "DELETE", path: "/v1/me" },
  ],
};

const organization = z.strictObject({
  slug,
  href,
  version: z.int().min(1).meta({ description: "The organization's version that this is of" }),
  applications: z.array(z.strictObject({ id: anchor, href })).meta({ description: "Each that is enabled" }),
  sectors: z.array(z.strictObject({ id: sectorId, href })).meta({ description: "Each that is enabled" }),
});

const preflight = z
  .strictObject({
    allowed: z.boolean().meta({ description: "Would the erasure succeed now?" }),
    reasons: z.array(reason).meta({ description: "Why not; none when it would" }),
    remedies: z.array(remedy),
    organizations: z
      .array(organization)
      .meta({ description: "Each that stands in the way: it has no other Owner, and something in it is enabled" }),
    archives: z.array(slug).meta({
      description: "Organizations that would be archived with the account: no other Owner, and nothing enabled",
    }),
    plan: z.array(z.strictObject({ method: z.enum(["POST", "DELETE"]), path: href })).meta({
      description:
        "Calls that lead to the erasure when the caller makes them in this order, and reads the plan again when one is refused. " +
        "Another way for an organization that shall live on: make another member an Owner",
    }),
  })
  .meta({ id: "ErasurePreflight", examples: [EXAMPLE] });

/** They stand among those of the personal surface (me.ts): one path has one place. */
export const ERASURE_ROUTES: readonly Route[] = [
  command({
    method: "delete",
    path: "/v1/me",
    summary:
      "Erase the caller's account, for ever: it is a member nowhere, and named nowhere; what has no other Owner and nothing enabled is archived",
    operation: "eraseAccount",
    requires: "any account",
    asks: ["account.erase"],
    problems: ["PRECONDITION_FAILED"],
    reply: REMOVED,
    params: NOTHING,
    body: NOTHING,
    answer: async (deps, { caller, ifMatch }) => removed(await eraseAccount(deps, caller, { ifMatch })),
  }),
  inquiry({
    path: "/v1/me/erasure",
    summary: "What stands in the way of erasing the caller's account, and the calls that lead there",
    operation: "preflightErasure",
    requires: "any account",
    asks: ["account.view"],
    reply: preflight,
    params: NOTHING,
    answer: async (deps, { caller }) => await answer(deps, caller),
  }),
];

async function answer(deps: Deps, caller: Caller): Promise<Answer> {
  const found = await preflightErasure(deps, caller);
  const organizations = found.organizations.map(addressed);
  const retired = organizations.flatMap(({ applications, sectors }) => [...applications, ...sectors]);
  const plan = [
    ...retired.map((thing) => ({ method: "POST", path: `${thing.href}/retire` })),
    { method: "DELETE", path: "/v1/me" },
  ];
  return { status: 200, body: { ...found, organizations, plan } };
}

interface Addressed {
  readonly id: string;
  readonly href: string;
}

function addressed({ slug, version, ...live }: BlockingOrganization): {
  readonly slug: string;
  readonly href: string;
  readonly version: number;
  readonly applications: readonly Addressed[];
  readonly sectors: readonly Addressed[];
} {
  const href = `/v1/organizations/${slug}`;
  const at = (noun: string, ids: readonly string[]): Addressed[] =>
    ids.map((id) => ({ id, href: `${href}/${noun}/${id}` }));
  const { applications, sectors } = live;
  return { slug, href, version, applications: at("applications", applications), sectors: at("sectors", sectors) };
}
