/**
 * A small model of one organization and its people, from the document and not from the policies: what each operation should answer, and what
 * should become of it. Everybody in it is a viewer, an admin or an owner; the organization has one application, in one sector.
 */
export const ROLES = ["viewer", "admin", "owner"] as const;
export type Role = (typeof ROLES)[number];
export const TURNS = ["retire", "enable"] as const;

export interface Invitation {
  readonly who: string;
  readonly role: Role;
  readonly state: "pending" | "accepted" | "declined" | "revoked";
}

/** An offer of ownership. */
export interface Offer {
  /** Null: who has erased their account since. */
  readonly by: string | null;
  readonly who: string | null;
  readonly state: "pending" | "accepted" | "declined" | "cancelled";
  /** The membership that it was made to has ended. */
  readonly isVoid: boolean;
}

export interface World {
  readonly organization: "active" | "retired" | "archived";
  readonly application: "enabled" | "retired";
  readonly sector: "enabled" | "retired";
  readonly roles: Readonly<Record<string, Role>>;
  /** By id. */
  readonly invitations: Readonly<Record<string, Invitation>>;
  readonly offers: Readonly<Record<string, Offer>>;
  /** Who has erased their account. */
  readonly erased: readonly string[];
}

/** Who does what; `id` is that of an invitation or offer, or of the one that an `invite` or `offer` has made. */
export type Operation = { readonly by: string } & (
  | { readonly verb: "invite"; readonly who: string; readonly role: Role; readonly id: string | null }
  | { readonly verb: "accept" | "decline"; readonly id: string }
  | { readonly verb: "revoke"; readonly id: string }
  | { readonly verb: "offer"; readonly who: string; readonly id: string | null }
  | { readonly verb: "take" | "leave" | "withdraw"; readonly id: string }
  | { readonly verb: "grant"; readonly who: string; readonly role: Role }
  | { readonly verb: "remove"; readonly who: string }
  | { readonly verb: "archive" | "erase" }
  | { readonly verb: (typeof TURNS)[number]; readonly what: "organization" | "application" | "sector" }
);

export interface Outcome {
  readonly status: number;
  readonly world: World;
}

export function step(world: World, operation: Operation): Outcome {
  const outcome = attempt(world, operation);
  return typeof outcome === "number" ? { status: outcome, world } : outcome;
}

/** A refusal by its status, or what it came to. */
type Attempt = number | Outcome;

function attempt(world: World, operation: Operation): Attempt {
  if (world.erased.includes(operation.by)) return 403;
  switch (operation.verb) {
    case "invite":
      return inside(world, operation.by, "owner", () => invite(world, operation));
    case "accept":
    case "decline":
      return answer(world, operation);
    case "revoke":
      return revoke(world, operation);
    case "offer":
      return onMember(world, operation, "owner", () => offer(world, operation));
    case "take":
    case "leave":
    case "withdraw":
      return settleOffer(world, operation);
    case "grant":
      return onMember(world, operation, "owner", () => grant(world, operation.who, operation.role));
    case "remove":
      return onMember(world, operation, operation.by === operation.who ? "viewer" : "owner", () =>
        grant(world, operation.who, null),
      );
    case "archive":
      return inside(world, operation.by, "owner", () => archive(world));
    case "erase":
      return erase(world, operation.by);
    case "retire":
    case "enable":
      return turn(world, operation);
  }
}

function ownersOf({ roles }: World): number {
  return Object.values(roles).filter((role) => role === "owner").length;
}

/** A stranger is told 403, whatever there is; nobody does anything in what is archived; then the role, then the state of things. */
function inside(world: World, by: string, least: Role, next: () => Attempt): Attempt {
  const role = world.roles[by];
  if (role === undefined) return 403;
  if (world.organization === "archived") return 409;
  return ROLES.indexOf(role) < ROLES.indexOf(least) ? 403 : next();
}

function done(world: World, change: Partial<World> = {}, status = 200): Outcome {
  return { status, world: { ...world, ...change } };
}

type On<Verb extends Operation["verb"]> = Extract<Operation, { verb: Verb }>;

function invite(world: World, { who, role, id }: On<"invite">): Attempt {
  if (world.organization !== "active" || role === "owner") return 409;
  if (world.erased.includes(who)) return 404;
  const isPending = Object.values(world.invitations).some((each) => each.who === who && each.state === "pending");
  if (world.roles[who] !== undefined || isPending) return 409;
  const invitation = { who, role, state: "pending" } as const;
  return done(world, { invitations: { ...world.invitations, [id ?? "unknown"]: invitation } }, 201);
}

/** The invited may be strangers: for them what is archived is not there. */
function answer(world: World, { verb, id }: On<"accept" | "decline">): Attempt {
  const invitation = world.invitations[id];
  if (invitation === undefined || world.organization === "archived") return 404;
  const { who, role, state } = invitation;
  const settled = verb === "accept" ? "accepted" : "declined";
  if (world.organization !== "active") return 409;
  if (state === settled) return done(world);
  if (state !== "pending" || (verb === "accept" && world.roles[who] !== undefined)) return 409;
  const roles = verb === "accept" ? { ...world.roles, [who]: role } : world.roles;
  return done(world, { roles, invitations: { ...world.invitations, [id]: { ...invitation, state: settled } } });
}

/** Who may not see the invitation is not told that the organization is archived. */
function revoke(world: World, { by, id }: On<"revoke">): Attempt {
  const invitation = world.invitations[id];
  const role = world.roles[by];
  if (invitation !== undefined && role !== undefined && role !== "owner" && invitation.who !== by) return 403;
  return inside(world, by, "owner", () => {
    if (invitation === undefined) return 404;
    if (world.organization !== "active") return 409;
    if (invitation.state === "revoked") return done(world);
    if (invitation.state !== "pending") return 409;
    return done(world, { invitations: { ...world.invitations, [id]: { ...invitation, state: "revoked" } } });
  });
}

/** One waits at a time; to who is no Owner. */
function offer(world: World, { by, who, id }: On<"offer">): Attempt {
  const isPending = Object.values(world.offers).some(({ state }) => state === "pending");
  if (isPending || world.roles[who] === "owner") return 409;
  const made = { by, who, state: "pending", isVoid: false } as const;
  return done(world, { offers: { ...world.offers, [id ?? "unknown"]: made } }, 201);
}

const SETTLED = { take: "accepted", leave: "declined", withdraw: "cancelled" } as const;

/** Who is neither Owner nor one of the two may not see it, and is not told that the organization is archived. */
function settleOffer(world: World, { by, verb, id }: On<"take" | "leave" | "withdraw">): Attempt {
  const found = world.offers[id];
  if (found === undefined) return inside(world, by, "owner", () => 404);
  const isOwner = world.roles[by] === "owner";
  if (!isOwner && by !== found.by && by !== found.who) return 403;
  return inside(world, by, "viewer", () => {
    const isAllowed = verb === "withdraw" ? isOwner || by === found.by : by === found.who;
    if (!isAllowed) return 403;
    if (world.organization !== "active") return 409;
    if (found.state === SETTLED[verb]) return done(world);
    if (found.state !== "pending") return 409;
    const offers = { ...world.offers, [id]: { ...found, state: SETTLED[verb] } };
    if (verb !== "take") return done(world, { offers });
    const [from, to] = [found.by ?? "", found.who ?? ""];
    if (found.isVoid || world.roles[from] !== "owner" || world.roles[to] === "owner") return 409;
    return done(world, { offers, roles: { ...world.roles, [to]: "owner", [from]: "admin" } });
  });
}

function onMember(
  world: World,
  { by, who }: On<"grant" | "remove" | "offer">,
  least: Role,
  next: () => Attempt,
): Attempt {
  return inside(world, by, "viewer", () => {
    if (world.roles[who] === undefined) return 404;
    return inside(world, by, least, () => (world.organization === "active" ? next() : 409));
  });
}

/** S0.28, S0.29: never the last Owner. A role of null ends the membership. */
function grant(world: World, who: string, role: Role | null): Attempt {
  const isLastOwner = world.roles[who] === "owner" && ownersOf(world) === 1;
  if (isLastOwner && role !== "owner") return 409;
  if (role !== null) return done(world, { roles: { ...world.roles, [who]: role } });
  const offers = mapped(world.offers, (each) => (each.who === who ? { ...each, isVoid: true } : each));
  return done(world, { roles: without(world.roles, (_role, name) => name === who), offers }, 204);
}

type Named<Value> = Readonly<Record<string, Value>>;
function without<Value>(all: Named<Value>, isGone: (value: Value, name: string) => boolean): Named<Value> {
  return Object.fromEntries(Object.entries(all).filter(([name, value]) => !isGone(value, name)));
}

function mapped<Value>(all: Named<Value>, change: (value: Value) => Value): Named<Value> {
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, change(value)]));
}

/** S0.38 to S0.40, K11, K12: blocked by what lives and would be nobody's; what is dead and would be nobody's is archived. */
function erase(world: World, by: string): Attempt {
  const isAlone = world.roles[by] === "owner" && ownersOf(world) === 1 && world.organization !== "archived";
  if (isAlone && (world.application === "enabled" || world.sector === "enabled")) return 409;
  const settled = without(world.offers, (each) => each.state === "pending" && [each.by, each.who].includes(by));
  const unnamed = ({ by: from, who, ...rest }: Offer): Offer => ({
    ...rest,
    ...{ by: from === by ? null : from, who: who === by ? null : who, isVoid: rest.isVoid || who === by },
  });
  const left = {
    organization: isAlone ? ("archived" as const) : world.organization,
    roles: without(world.roles, (_role, name) => name === by),
    invitations: without(world.invitations, ({ who }) => who === by),
    offers: mapped(settled, unnamed),
    erased: [...world.erased, by].sort(),
  };
  return done(world, left, 204);
}

/** K6: by the sole Owner, what is retired, for good. */
function archive(world: World): Attempt {
  if (ownersOf(world) > 1) return 403;
  return world.organization === "retired" ? done(world, { organization: "archived" }) : 409;
}

/** S0.25, S0.33, S0.34: by the sole Owner, what it contains first. Enabling takes any Owner. */
function turn(world: World, { by, verb, what }: On<"retire" | "enable">): Attempt {
  return inside(world, by, "owner", () => {
    if (verb === "retire" && ownersOf(world) > 1) return 403;
    const { organization, application, sector } = world;
    if (what === "organization") {
      if (verb === "enable") return done(world, { organization: "active" });
      return application === "enabled" || sector === "enabled" ? 409 : done(world, { organization: "retired" });
    }
    if (organization !== "active") return 409;
    const isBlocked = {
      sector: verb === "retire" && application === "enabled",
      application: verb === "enable" && sector === "retired",
    };
    return isBlocked[what] ? 409 : done(world, { [what]: verb === "retire" ? "retired" : "enabled" });
  });
}
