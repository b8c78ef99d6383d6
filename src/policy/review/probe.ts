import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import type { PolicyFile } from "../policy-set.ts";
import type { Part } from "./cells.ts";
import { ANCHOR, type Expression } from "./documents.ts";

/** The name of no kind: a host's have no dots. */
const RESOURCE = "bailiwick.probe";

/**
 * Policies that ask for each condition by itself. A rule's twins say of most conditions whether they held, but two of them can give
 * the same code, and a condition need not be a word; so the real Cerbos is asked about every one: a copy of the policy, with its words,
 * ranks and schema, and in place of its rules two for each condition, one for it and one for its opposite. Where neither allows, the
 * condition could not be evaluated.
 */
export interface Probes extends AsyncDisposable {
  /** What Cerbos has to serve beside the policies. */
  readonly files: readonly PolicyFile[];
  /** As the part by which Cerbos is asked about the conditions of another. */
  readonly partFor: (part: Part) => Part;
}

export async function writeProbes(parts: readonly Part[]): Promise<Probes> {
  const folder = await mkdtemp(path.join(tmpdir(), "bailiwick-probe-"));
  const files = await Promise.all(
    parts.map(async (part) => {
      const from = path.join(folder, `${part.from}.yaml`);
      await mkdir(folder, { recursive: true });
      await writeFile(from, probeOf(await readFile(part.document.file, "utf8"), part));
      return { from, to: `probe/${part.from}.yaml` };
    }),
  );
  return {
    files,
    partFor: (part) => ({
      ...part,
      version: part.from,
      document: { ...part.document, resource: RESOURCE },
      actions: conditionsOf(part).flatMap((_condition, index) => [holds(index), fails(index)]),
    }),
    [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true, force: true }),
  };
}

export function conditionsOf({ rules }: Part): Expression[] {
  return rules.flatMap(({ conditions }) => conditions);
}

export const holds = (index: number): string => `holds-${index}`;
export const fails = (index: number): string => `fails-${index}`;

const Policy = z.looseObject({
  resourcePolicy: z.looseObject({ rules: z.array(z.looseObject({ actions: z.array(z.string()) })) }),
});

function probeOf(text: string, part: Part): string {
  const policy = Policy.parse(parse(text)); // it was read as one already
  const anchors = policy.resourcePolicy.rules.filter(({ actions }) => actions.includes(ANCHOR));
  const rules = conditionsOf(part).flatMap(({ text: expr }, index) => [
    ruleFor(holds(index), expr),
    ruleFor(fails(index), `!(${expr})`),
  ]);
  const probe = { ...policy.resourcePolicy, resource: RESOURCE, version: part.from, rules: [...anchors, ...rules] };
  return stringify({ ...policy, resourcePolicy: probe });
}

function ruleFor(action: string, expr: string): Record<string, unknown> {
  return { actions: [action], effect: "EFFECT_ALLOW", roles: ["*"], condition: { match: { expr } } };
}
