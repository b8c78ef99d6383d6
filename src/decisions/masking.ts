import type { LogRecord } from "../entities/decisions.ts";
import type { Reason } from "../entities/errors.ts";

const MASKED = "***";
/** What looks like an e-mail address names somebody, whichever fact it stands in. */
const ADDRESS = /[^\s@]@[^\s@]/;

export type Mask = <Line extends LogRecord>(record: Line) => Line;

/**
 * Replaces the values of facts that configuration names, `<kind>.<fact>` or `*.<fact>`, at any depth, in the reasons too; and
 * everything that looks like an e-mail address.
 */
export function createMask(names: readonly string[]): Mask {
  const wanted = new Set(names);
  const everywhere = namesOf(wanted, "*");
  const byKind = new Map<string, ReadonlySet<string>>();
  const of = (kind: string | null): ReadonlySet<string> => {
    if (kind === null || wanted.size === everywhere.size) return everywhere;
    const known = byKind.get(kind) ?? new Set([...everywhere, ...namesOf(wanted, kind)]);
    byKind.set(kind, known); // the kinds that are served: few
    return known;
  };
  return (record) => {
    const { subject, resource } = record.question;
    const ofSubject = of(subject.type);
    const ofResource = of(resource.type);
    const facts = "facts" in record &&
      record.facts !== null && {
        facts: {
          subject: members(record.facts.subject, ofSubject),
          resource: members(record.facts.resource, ofResource),
        },
      };
    const results = "results" in record && { results: record.results.map((result) => shown(result, ofResource)) };
    const both = ofSubject === ofResource ? ofResource : new Set([...ofSubject, ...ofResource]);
    const reasons = record.reasons.map((reason) => ({
      ...members(reason, both),
      ...(isAboutMasked(reason, both) && { problem: MASKED }), // Cerbos' words can have the value in them
      code: reason.code,
    }));
    return { ...record, ...facts, ...results, reasons };
  };
}

function namesOf(wanted: ReadonlySet<string>, kind: string): ReadonlySet<string> {
  const start = `${kind}.`;
  return new Set([...wanted].filter((name) => name.startsWith(start)).map((name) => name.slice(start.length)));
}

/** `fact` is a JSON pointer where a schema refused something. */
function isAboutMasked({ fact, problem }: Reason, masked: ReadonlySet<string>): boolean {
  if (typeof fact !== "string" || problem === undefined) return false;
  return fact.split("/").some((name) => masked.has(name.replaceAll("~1", "/").replaceAll("~0", "~")));
}

function members(facts: object, masked: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      ADDRESS.test(name) ? MASKED : name,
      masked.has(name) ? MASKED : shown(value, masked),
    ]),
  );
}

function shown(value: unknown, masked: ReadonlySet<string>): unknown {
  if (typeof value === "string") return ADDRESS.test(value) ? MASKED : value;
  if (Array.isArray(value)) return value.map((item) => shown(item, masked));
  return typeof value === "object" && value !== null ? members(value, masked) : value;
}
