import type { Reason } from "../../entities/errors.ts";
import { type Cell, fits } from "./cells.ts";
import { RULES } from "./documents.ts";
import type { EvaluatedKind, EvaluatedPart } from "./evaluated.ts";
import type { Finding } from "./finding.ts";
import { inWords } from "./point-words.ts";
import type { KindPolicies, Revision } from "./revision.ts";
import { short } from "./words.ts";

/** What no reading finds: denials without a reason, facts that are refused although they can be, and permissions without a fact. */
export function answerFindings({ kind, matrices, floor }: EvaluatedKind, revision: Revision): Finding[] {
  return [...[...matrices.values()].flat(), ...floor].flatMap((part) => partFindings({ kind, part, revision }));
}

interface Asked {
  readonly kind: KindPolicies;
  readonly part: EvaluatedPart;
  readonly revision: Revision;
}

/** One for each rule and fault, with the first cell that shows it. */
function partFindings({ kind, part, revision }: Asked): Finding[] {
  const found = new Map<string, Finding>();
  // Of a subject no schema says what is wrong.
  const own = part.dimensions.flatMap(({ fact }, place) => (fact.startsWith("P.") ? [place] : []));
  for (const [index, cell] of part.cells.entries()) {
    if (own.some((place) => cell[place]?.is === "wrong")) continue;
    for (const [action, reasons] of part.said[index] ?? []) {
      const fault = faultOf(kind, cell, reasons);
      if (fault === null || found.has(fault.what)) continue;
      const state = stateOf(part, cell, revision);
      found.set(fault.what, { ...placeOf(part), problem: `${action} ${fault.problem} (${state})`, fix: fault.fix });
    }
  }
  return [...found.values()];
}

interface Fault {
  readonly what: string;
  readonly problem: string;
  readonly fix: string;
}

function faultOf(kind: KindPolicies, cell: Cell, reasons: readonly Reason[]): Fault | null {
  // What a host's schema refuses is not stored.
  const invalid = kind.isHosts ? undefined : reasons.find(({ code }) => code === "FACT_INVALID");
  const isFit = cell.every(fits);
  if (reasons.some(({ code }) => code === "NO_REASON_GIVEN")) {
    const fix =
      "Let the output name a twin for each condition, and each twin a code wherever its condition does not hold";
    return { what: "mute", problem: "is denied without a reason", fix };
  }
  if (invalid !== undefined && isFit) {
    const problem = `is denied because the schema refuses ${String(invalid["fact"])}, which can be so`;
    return { what: "refused", problem, fix: "Let the schema take every value that is supplied" };
  }
  if (reasons.length > 0 || isFit) return null;
  const isMissing = cell.some((point) => point.is === "missing" && !point.fits);
  const problem = `is allowed although a fact ${isMissing ? "is missing" : "has the wrong type"}`;
  return { what: "open", problem, fix: "Let the schema require the fact, and say its type" };
}

function placeOf({ document, rules: [rule] }: EvaluatedPart): Omit<Finding, "problem" | "fix"> {
  return { file: document.file, ...(rule?.place ?? document.placeOf(RULES)) };
}

/** `organizationState archived, state enabled`. */
function stateOf({ dimensions }: EvaluatedPart, cell: Cell, revision: Revision): string {
  const said = cell.map((point, index) => {
    return `${short(dimensions[index]?.fact ?? "")} ${inWords(point, { base: revision, head: revision })}`;
  });
  return said.length === 0 ? "always" : said.join(", ");
}
