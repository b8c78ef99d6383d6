import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { POLICY_FACTS, POLICY_KINDS, type PolicyKind } from "../../entities/policy-kinds.ts";
import { isFault, type Positioned, readPositioned } from "../positioned.ts";
import type { PolicyDocument } from "./documents.ts";
import { documentsOf, readsOfDocument } from "./evaluated.ts";
import { ordinary } from "./facts.ts";
import { BEGIN, type Finding } from "./finding.ts";
import { readsOf, ROLE } from "./reads.ts";
import type { KindPolicies, Revision } from "./revision.ts";

/** Every fact that a policy of the kind reads is one that its schema declares, and that may decide. */
export function factFindings(kind: KindPolicies): Finding[] {
  return documentsOf(kind).flatMap((document) => {
    const own = new Map([...document.variables].map(([name, variable]) => [name, { ...variable, cel: null }]));
    const expressions = document.rules.flatMap(({ conditions, output }) => [
      ...conditions,
      ...(output === null ? [] : [output]),
    ]);
    return [...document.variables.values(), ...expressions].flatMap((expression) => {
      const { facts, values } = readsOf([expression], own);
      return [...facts].flatMap((fact) => {
        const found = readFinding(kind, document, fact) ?? (values.has(fact) ? wholeFinding(kind, fact) : null);
        if (found === null) return [];
        const [problem, fix] = found;
        return [{ file: document.file, ...expression.place, problem, fix }];
      });
    });
  });
}

/** Of an object nobody can write down all that it can be: `has(…)` may ask for it, and nothing else. */
function wholeFinding({ schema }: KindPolicies, fact: string): [string, string] | null {
  if (!schema.objects.includes(fact) && schema.facts.get(fact)?.types.includes("object") !== true) return null;
  return [`${fact} is an object, and is read as a whole`, `Name the fact in it, such as ${fact}.x`];
}

/** Facts without a value that their schema takes: no case that it lets through could be tried. */
export async function exampleFindings({ kinds }: Revision): Promise<Finding[]> {
  return (await Promise.all([...kinds.values()].map(unknownIn))).flat();
}

async function unknownIn(kind: KindPolicies): Promise<Finding[]> {
  const { schema, schemaFile } = kind;
  const read = new Set(documentsOf(kind).flatMap((document) => [...readsOfDocument(document).facts]));
  const unknown = [...schema.facts.values()].filter((fact) => {
    return (fact.isRequired || read.has(fact.path)) && ordinary(fact) === undefined;
  });
  if (unknown.length === 0 || schemaFile === null) return [];
  const document = readPositioned(await readFile(schemaFile, "utf8"), "json");
  return unknown.map(({ path: fact }): Finding => {
    const names = fact.split(".").slice(2);
    const place = isFault(document) ? BEGIN : document.placeOf(names.flatMap((name) => ["properties", name]));
    const problem = `nobody can tell a value of ${names.join(".")} that the schema takes, and so none is tried`;
    return { file: schemaFile, ...place, problem, fix: `Give ${names.join(".")} an example that the schema takes` };
  });
}

function readFinding(kind: KindPolicies, { resource }: PolicyDocument, fact: string): [string, string] | null {
  const { schema, isHosts } = kind;
  const schemaFile = `_schemas/${kind.kind}.json`;
  if (fact === ROLE) return null;
  if (fact.startsWith("P.")) {
    if (isHosts) return null;
    return [
      `${fact} is an attribute of the subject, of whom ${resource} knows the role alone`,
      "Ask for a fact of the resource",
    ];
  }
  if (!isHosts && fact.startsWith("R.attr.sent")) {
    return [
      `${fact} is what the caller sent, and no built-in rule believes it`,
      "Make it a fact that the gateway supplies",
    ];
  }
  if (schema.facts.has(fact) || schema.objects.includes(fact)) return null;
  const [, relation] = /^R\.attr\.relations\.(\w+)/.exec(fact) ?? [];
  if (relation !== undefined) {
    return [
      `there is no relation ${relation} among the facts`,
      `Declare it in ${schemaFile}, and define it in openfga/`,
    ];
  }
  const known = [...schema.facts.keys()].map((path) => path.slice("R.attr.".length)).join(", ");
  return [`there is no fact ${fact}: the condition never holds`, `Declare it in ${schemaFile}, which has ${known}`];
}

const Schema = z.object({
  properties: z.record(z.string(), z.unknown()).default({}),
  required: z.array(z.string()).default([]),
});

const Told = z.object({ description: z.string().min(1) });

/** The schemas of the built-in kinds say of exactly what the gateway supplies that it must be there. */
export async function schemaFindings(policiesDir: string): Promise<Finding[]> {
  const found = POLICY_KINDS.map(async (kind) => {
    const file = path.join(policiesDir, "cerbos", "_schemas", `${kind}.json`);
    const text = await readFile(file, "utf8").catch(() => null);
    if (text === null) {
      const fix = "Write it: what no schema declares nobody refuses";
      return [{ file, ...BEGIN, problem: `the facts of the kind ${kind} have no schema`, fix }];
    }
    const document = readPositioned(text, "json");
    return isFault(document) ? [] : [...suppliedFindings(file, document, kind), ...openFindings(file, document)];
  });
  return (await Promise.all(found)).flat();
}

function suppliedFindings(file: string, document: Positioned, kind: PolicyKind): Finding[] {
  const { properties, required } = Schema.safeParse(document.value).data ?? { properties: {}, required: [] };
  const supplied = Object.keys(POLICY_FACTS[kind]);
  const declared = Object.entries(properties).filter(([name]) => name !== "sent");
  return [
    ...declared.flatMap(([name, member]): Finding[] => {
      const place = { file, ...document.placeOf(["properties", name]) };
      if (!supplied.includes(name)) {
        const fix = "Take it out, or supply it: Attributes in src/entities/kinds.ts, src/domain/attributes.ts";
        return [{ ...place, problem: `the gateway does not supply ${name}`, fix }];
      }
      const found: Finding[] = [];
      if (!required.includes(name)) {
        found.push({ ...place, problem: `${name} may be missing, and nobody would notice`, fix: "Add it to required" });
      }
      found.push(...listFindings(place, name, { member, supplied: POLICY_FACTS[kind][name] }));
      if (!Told.safeParse(member).success) {
        const fix = "Give it a description: diff and explain tell it to people, in a sentence";
        found.push({ ...place, problem: `the fact ${name} is not told in words`, fix });
      }
      return found;
    }),
    ...supplied
      .filter((name) => properties[name] === undefined)
      .map((name): Finding => {
        const problem = `the gateway supplies ${name}, which the schema refuses: everything is denied`;
        return { file, ...document.placeOf(["properties"]), problem, fix: `Declare ${name}, and require it` };
      }),
  ];
}

const Listed = z.object({ enum: z.array(z.unknown()) });

interface Lists {
  readonly member: unknown;
  readonly supplied: true | Readonly<Record<string, true>> | undefined;
}

/** Values that nobody supplies. (A schema may refuse some that the type knows: no invitation carries the role owner, S2.10.) */
function listFindings(place: Omit<Finding, "problem" | "fix">, name: string, { member, supplied }: Lists): Finding[] {
  if (supplied === undefined || supplied === true) return [];
  const listed = Listed.safeParse(member).data?.enum ?? [];
  const strangers = listed.filter((value) => !Object.keys(supplied).some((known) => known === value));
  return strangers.map((value) => {
    const problem = `the gateway supplies no ${name} of ${JSON.stringify(value)}: what a rule says of it is said to nobody`;
    return { ...place, problem, fix: "Take it out, or add it to Attributes (src/entities/kinds.ts) and supply it" };
  });
}

/** A schema that is open, or says of a fact no type, lets through what nobody has thought of. */
function openFindings(file: string, document: Positioned): Finding[] {
  const found: Finding[] = [];
  const visit = (value: unknown, at: readonly string[]): void => {
    const declared = z.looseObject({}).safeParse(value).data ?? {};
    const isObject = declared["type"] === "object";
    if (isObject && declared["additionalProperties"] !== false) {
      const problem = "the object is open: a fact that is misspelt would not be noticed";
      found.push({ file, ...document.placeOf(at), problem, fix: 'Write "additionalProperties": false' });
    }
    const isTyped = ["type", "enum", "const"].some((name) => declared[name] !== undefined);
    if (!isTyped) {
      const problem = `${at.at(-1) ?? "the schema"} can be anything: a value of the wrong type would reach the rule`;
      found.push({ file, ...document.placeOf(at), problem, fix: "Give it a type, or an enum" });
    }
    const members = z.record(z.string(), z.unknown()).safeParse(declared["properties"]).data ?? {};
    for (const [name, member] of Object.entries(members)) visit(member, [...at, "properties", name]);
  };
  visit(document.value, []);
  return found;
}

/** The same of the subject, of whom nothing is known but the role. */
export async function subjectFindings(policiesDir: string): Promise<Finding[]> {
  const file = path.join(policiesDir, "cerbos", "_schemas", "principal.json");
  const text = await readFile(file, "utf8").catch(() => null);
  const fix = "Leave it closed and without properties; a fact about somebody is one of the resource";
  if (text === null) return [{ file, ...BEGIN, problem: "the subject has no schema", fix }];
  const document = readPositioned(text, "json");
  if (isFault(document)) return [];
  const [name] = Object.keys(Schema.safeParse(document.value).data?.properties ?? {});
  if (name === undefined) return openFindings(file, document);
  const place = document.placeOf(["properties", name]);
  return [{ file, ...place, problem: `the subject has an attribute ${name}, which the gateway does not supply`, fix }];
}
