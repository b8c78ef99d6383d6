import { z } from "zod";
import type { Caller } from "../entities/callers.ts";
import type { Deps } from "../domain/deps.ts";
import type { Target } from "../domain/gather.ts";
import { type Preflight, preflightRetire, type Retirable, type Step } from "../domain/preflight.ts";
import type { Answer } from "./answer.ts";
import type { Asked, Contract, Requirement } from "./contract.ts";
import { addressOf } from "./place.ts";
import { reason, remedy } from "./reasons.ts";
import { inquiry, type Route } from "./route.ts";

const path = z.string().min(1);
const kind = z.enum(["organization", "member", "sector", "application"]);

const EXAMPLE = {
  allowed: false,
  reasons: [
    { code: "NOT_SOLE_OWNER", owners: 2 },
    { code: "LIVE_APPLICATIONS", applications: 1 },
  ],
  remedies: [
    { for: "NOT_SOLE_OWNER", message: "Every other Owner must leave or take another role first.", owners: 2 },
    {
      for: "LIVE_APPLICATIONS",
      message: "Retire the enabled applications first.",
      applications: ["app-mptm5ctgtztv26tgmbvv"],
    },
  ],
  blockers: [
    { for: "NOT_SOLE_OWNER", kind: "member", id: "bob", href: "/v1/organizations/acme/members/bob" },
    {
      for: "LIVE_APPLICATIONS",
      kind: "application",
      id: "app-mptm5ctgtztv26tgmbvv",
      href: "/v1/organizations/acme/applications/app-mptm5ctgtztv26tgmbvv",
    },
  ],
  plan: [
    { method: "PATCH", path: "/v1/organizations/acme/members/bob", body: { role: "admin" } },
    { method: "POST", path: "/v1/organizations/acme/applications/app-mptm5ctgtztv26tgmbvv/retire" },
    { method: "POST", path: "/v1/organizations/acme/retire" },
  ],
  version: 12,
};

const preflight = z
  .strictObject({
    allowed: z.boolean().meta({ description: "Would the retirement succeed now?" }),
    reasons: z.array(reason).meta({ description: "Why not, every reason; none when it would" }),
    remedies: z.array(remedy),
    blockers: z
      .array(
        z.strictObject({
          for: z.string().min(1).meta({ description: "The code of the reason that it stands behind" }),
          kind,
          id: z.string().min(1).meta({ description: "Alias, slug, id or anchor, by its kind" }),
          href: path.meta({ description: "Where it is read" }),
        }),
      )
      .meta({ description: "Each thing that stands in the way, all of them; none for who can do nothing about them" }),
    plan: z
      .array(
        z.strictObject({
          method: z.enum(["POST", "PATCH"]),
          path,
          body: z
            .strictObject({ role: z.literal("admin") })
            .exactOptional()
            .meta({ description: "To be sent as it is; absent: none" }),
        }),
      )
      .nullable()
      .meta({
        description:
          "Calls that lead to the retirement when the caller makes them in this order, and reads the plan again when one is refused. " +
          "Owners that it makes Admins stay Admins. Null when nothing that the caller can do leads there",
      }),
    version: z.int().min(0).meta({ description: "The organization's version that all of this is of" }),
  })
  .meta({ id: "RetirePreflight", examples: [EXAMPLE] });

interface Definition<Params extends z.ZodObject> {
  /** Of the retirement itself. */
  readonly path: string;
  readonly operation: string;
  readonly kind: Retirable;
  readonly requires: Requirement;
  readonly problems?: Contract["problems"];
  readonly params: Params;
  readonly target: (params: z.output<Params>) => { readonly slug: string; readonly id: string };
}

/** What stands in the way of a retirement, at the address where it is done. */
export function retirePreflight<Params extends z.ZodObject>(definition: Definition<Params>): Route {
  const { target, kind, problems = [], ...rest } = definition;
  return inquiry({
    ...rest,
    summary: `What stands in the way of retiring it, and the calls that lead there`,
    asks: [`${kind}.view` as Asked],
    problems: kind === "organization" ? problems : [...problems, "NOT_FOUND"],
    reply: preflight,
    answer: async (deps, { caller, params }) => await answer(deps, caller, { kind, ...target(params) }),
  });
}

async function answer(
  deps: Deps,
  caller: Caller,
  target: Target<Retirable> & { readonly slug: string },
): Promise<Answer> {
  const { blockers, plan, ...found }: Preflight = await preflightRetire(deps, caller, target);
  const body = {
    ...found,
    blockers: blockers.map((blocker) => ({ ...blocker, href: addressOfThing(target.slug, blocker) })),
    plan: plan?.map((step) => callOf(target.slug, step)) ?? null,
  };
  return { status: 200, body };
}

function callOf(slug: string, step: Step): object {
  const address = addressOfThing(slug, step);
  if (step.action === "grant_admin") return { method: "PATCH", path: address, body: { role: "admin" } };
  return { method: "POST", path: `${address}/${step.action}` };
}

function addressOfThing(slug: string, { kind, id }: Pick<Step, "kind" | "id">): string {
  return kind === "organization" ? addressOf(slug) : `${addressOf(slug)}/${kind}s/${id}`;
}
