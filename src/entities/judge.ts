import type { PrincipalRole } from "./kinds.ts";
import type { Reason } from "./errors.ts";

/** One question to the policies about one resource: its floor and its matrix are asked together. */
export interface JudgeQuestion {
  readonly kind: string;
  readonly role: PrincipalRole;
  /** The matrix's policy version. */
  readonly matrix: string;
  readonly actions: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
  /** A host's kind can go without a floor. */
  readonly hasFloor?: boolean;
  /** What is stored about the subject, for the kinds of a host; built-in policies read nothing of it. */
  readonly subject?: Readonly<Record<string, unknown>>;
}

export interface Verdict {
  readonly allowed: boolean;
  /** Who decided, when denied: the matrix (who may) goes before the floor (when at all). */
  readonly refusedBy: "matrix" | "floor" | null;
  readonly reasons: readonly Reason[]; // matrix first, in the rule's order, each once
  /** Those of each alone; none: it allows. */
  readonly matrix: readonly Reason[];
  readonly floor: readonly Reason[];
}

/** Answers by action. Throws CANNOT_DECIDE when Cerbos does not answer in time. */
export type Judge = (question: JudgeQuestion, timeoutMs: number) => Promise<ReadonlyMap<string, Verdict>>;
