/** What a fact of a kind can be, as the kind's schema declares it. */
export interface FactDomain {
  /** Where it stands in `R.attr`: `["state"]`, `["relations", "viewer"]`. */
  readonly path: readonly [string, ...string[]];
  readonly values: { readonly each: readonly (string | number | boolean | null)[] } | IntegerRange;
  /** `readOnly` in the schema: it follows from who the two are, and nobody can change it. */
  readonly isFixed: boolean;
}

export interface IntegerRange {
  readonly least: number;
  readonly most: number;
}

/** By kind; what is neither enumerated nor true or false nor a whole number is left out. */
export type FactDomains = ReadonlyMap<string, readonly FactDomain[]>;
