/** A rule of a policy, as a decision names it. */
export interface Rule {
  /** `<policy>#<rule>`, of the YAML: `sector#retire`, `sector_floor#retire`. */
  readonly name: string;
  /** `matrix` says who may, `floor` when at all. */
  readonly from: "matrix" | "floor";
}

/** The rules that decide about an action of a kind, the matrix' before the floor's; none where the YAML has none. */
export type RulesFor = (matrix: string, kind: string, action: string) => readonly Rule[];
