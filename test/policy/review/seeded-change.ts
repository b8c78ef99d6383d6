import { twinOf } from "../../../src/policy/review/table.ts";
import type { FolderCopy } from "../../support/host-folder.ts";

/** A change of the policies as somebody might make it, with what it does. */
export interface SeededChange {
  readonly title: string;
  /** Whose folder: the built-in policies, or the host's of examples/document-tree, or of examples/authzen-certification. */
  readonly folder: "built-in" | "host" | "records";
  readonly make: (copy: FolderCopy) => Promise<void>;
  /** The groups of the diff, widened first: `direction kind.actions roles: region | region`. */
  readonly effect: readonly string[];
  /** What `check` has against it, beside tests that fail and a stale table; none: it may be meant. */
  readonly wrong?: string;
  /** Beside a DENY Cerbos draws which outputs it gives: what widens and narrows is all that can be told. */
  readonly isDrawn?: boolean;
}

type Edit = readonly [file: string, from: string | RegExp, to: string];

/** Replaces text; each must be there. */
export function edits(...all: readonly Edit[]): SeededChange["make"] {
  return async (copy) => {
    for (const [file, from, to] of all) await copy.edit(file, (text) => text.replace(from, to));
  };
}

/** A rule about the action of its name, as a policy has it. */
export function ruleOf(name: string, ...words: readonly string[]): string {
  const reasons = words.map((word) => `V.${twinOf(word)}`).join(" + ");
  return `    - name: ${name}
      actions: [${name}]
      effect: EFFECT_ALLOW
      roles: ["*"]
      condition:
        match:
          all:
            of:
${words.map((word) => `              - expr: V.${word}\n`).join("")}      output:
        when:
          conditionNotMet: ${reasons}
`;
}
