import type { Exchange } from "./exchange.ts";
import { CONNECTIONS, dealt } from "./load.ts";
import type { Organization, World } from "./world.ts";

/** What the built-in matrix and floor say, told once more by hand: the answers are not checked against themselves. */
interface Rule {
  readonly least: Rank;
  /** Only for an Owner who is the only one (S0.25, S0.37). */
  readonly sole?: true;
  /** What the state of the bench's organizations forbids to everybody. */
  readonly floor?: readonly string[];
}

const RANKS = ["none", "viewer", "admin", "owner"] as const;
type Rank = (typeof RANKS)[number];

const RULES: Readonly<Record<"application" | "organization", Readonly<Record<string, Rule>>>> = {
  application: {
    view: { least: "viewer" },
    edit: { least: "admin" },
    rotate_keys: { least: "admin" },
    retire: { least: "owner", sole: true },
    enable: { least: "owner" },
  },
  organization: {
    view: { least: "viewer" },
    list_members: { least: "viewer" },
    rename: { least: "admin" },
    create_application: { least: "admin" },
    enable: { least: "owner" },
    retire: { least: "owner", sole: true, floor: ["LIVE_APPLICATIONS", "LIVE_SECTORS"] },
  },
};

type Question = Omit<Exchange, "token">;

/** Every rank asks everything about every application and organization, in an order without a pattern; a token each connection. */
export async function questionsAbout({ organizations, serviceToken }: World): Promise<Exchange[][]> {
  const lanes = dealt(shuffled(organizations.flatMap(questionsIn)), CONNECTIONS);
  return await Promise.all(
    lanes.map(async (questions) => {
      const token = await serviceToken();
      return questions.map((question) => ({ token, ...question }));
    }),
  );
}

function questionsIn(organization: Organization): Question[] {
  const resources = [
    { type: "organization", id: organization.slug } as const,
    ...organization.applications.map((id) => ({ type: "application", id }) as const),
  ];
  return resources.flatMap((resource) =>
    Object.entries(RULES[resource.type]).flatMap(([action, rule]) =>
      RANKS.map((rank) => question({ organization, resource, action, rule, rank })),
    ),
  );
}

interface Asked {
  readonly organization: Organization;
  readonly resource: { readonly type: string; readonly id: string };
  readonly action: string;
  readonly rule: Rule;
  readonly rank: Rank;
}

function question({ organization, resource, action, rule, rank }: Asked): Question {
  const { owners, admin, viewer, outsider } = organization;
  const subjects = { none: outsider, viewer, admin, owner: owners[0] };
  const reasons = [
    ...(RANKS.indexOf(rank) < RANKS.indexOf(rule.least) ? ["ROLE_TOO_LOW"] : []),
    ...(rule.sole === true && owners.length > 1 ? ["NOT_SOLE_OWNER"] : []),
    ...(rule.floor ?? []),
  ];
  return {
    method: "POST",
    path: "/access/v1/evaluation",
    body: { subject: { type: "account", id: subjects[rank] }, action: { name: action }, resource },
    expected: { status: 200, members: { decision: reasons.length === 0 }, reasons },
  };
}

/** With a fixed seed: every run asks in the same order. */
function shuffled<Value>(values: readonly Value[]): Value[] {
  let seed = 42;
  const random = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0; // Numerical Recipes' generator
    return seed / 2 ** 32;
  };
  const keyed = values.map((value) => ({ value, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ value }) => value);
}
