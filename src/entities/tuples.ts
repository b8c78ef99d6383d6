/** A relationship as OpenFGA holds it: `user` is an object too, e.g. `account:p-…`. */
export interface Tuple {
  readonly user: string;
  readonly relation: string;
  readonly object: string;
}

/** What one change does to the graph. */
export interface TupleChange {
  readonly writes: readonly Tuple[];
  readonly deletes: readonly Tuple[];
}

export function sameTuple(a: Tuple, b: Tuple): boolean {
  return a.user === b.user && a.relation === b.relation && a.object === b.object;
}

export function tupleKey(tuple: Tuple): string {
  return `${tuple.object}#${tuple.relation}@${tuple.user}`;
}

/** S0.20, S0.21: the one direct role of an account in an organization. */
export function roleTuple(organization: string, role: string, pseudonym: string): Tuple {
  return { user: `account:${pseudonym}`, relation: role, object: `organization:${organization}` };
}

/** S0.1: a sector belongs to its organization. */
export function sectorTuple(organization: string, sector: string): Tuple {
  return { user: `organization:${organization}`, relation: "organization", object: `sector:${sector}` };
}

/** S0.13, S0.14: an application belongs to its organization and to one sector of it. */
export function applicationTuples(organization: string, sector: string, anchor: string): Tuple[] {
  return [
    { user: `organization:${organization}`, relation: "organization", object: `application:${anchor}` },
    { user: `sector:${sector}`, relation: "sector", object: `application:${anchor}` },
  ];
}

/** What a relation of a host's entity points to, as the graph calls it: `user:e-…`, `account:p-…`, `group:e-…#member`. */
export interface Subject {
  readonly type: string;
  readonly name: string;
  readonly relation: string; // "": it alone
}

export function relationTuple(object: Pick<Subject, "type" | "name">, relation: string, subject: Subject): Tuple {
  const { type, name } = subject;
  const user = subject.relation === "" ? `${type}:${name}` : `${type}:${name}#${subject.relation}`;
  return { user, relation, object: `${object.type}:${object.name}` };
}

/** That an entity hangs under its organization, where the model of its kind says so. */
export function entityTuple(organization: string, type: string, surrogate: string): Tuple {
  return { user: `organization:${organization}`, relation: "organization", object: `${type}:${surrogate}` };
}
