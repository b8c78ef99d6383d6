/** By what is decided at a moment. */
export interface Deciding {
  /** The policy unit: a hash of policies, schemas, model and plans. */
  readonly unit: string;
  /** Of git; null: it is not known, or the folders differ from it. */
  readonly commit: string | null;
  /** OpenFGA's id of its authorization model. */
  readonly model: string;
}
