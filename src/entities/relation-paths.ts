/** A stop on the way from an object to a user: whoever has the relation on the object has the relation of the stop before. */
export interface PathStep {
  readonly object: string; // `type:id`, as the graph has it
  readonly relation: string;
  /** The relation by which the object before points to this one; absent where it is the same object, or a set of users. */
  readonly through?: string;
}

/** How a relation comes about, by the graph. */
export interface RelationPaths {
  /** From the object asked about to one that names the user itself; at an intersection each operand has its own. */
  readonly paths: readonly (readonly PathStep[])[];
  /** False: a limit was met, there may be more. */
  readonly isComplete: boolean;
}
