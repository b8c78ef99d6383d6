import { rm } from "node:fs/promises";
import path from "node:path";
import { edits, ruleOf, type SeededChange } from "./seeded-change.ts";
import { inRule, SECTOR, SECTOR_FLOOR } from "./seeded-changes.ts";

const DOCUMENT = "cerbos/document.yaml";
const FLOOR = "cerbos/document_floor.yaml";
/** What is both open and locked is nothing. */
const SHRED = `${ruleOf("shred", "isOpen", "isLocked")}
    - name: unlock
`;

const CONTRIBUTORS = [
  "any `contributor` of the project (document → folder → `parent` folder at any depth (tried: 0, 1 and 2) → project)",
  "any `member` of the group (document → folder → `parent` folder at any depth (tried: 0 and 1) → project → `contributor` group → `member` group at any depth (tried: 0 and 1))",
];
const INSIDERS = CONTRIBUTORS.map((way) => `${way} who is \`insider\` of the document besides`);

/** Its author has changed the tests with it; what they say is not what is looked at here. */
const testOf = (kind: string, effect: string): string => `name: ${kind}
resources:
  one:
    id: one
    kind: ${kind}
    attr:
      { title: One, state: open, classification: internal, organizationState: active,
        relations: { manager: false, editor: false, viewer: false, insider: false } }
tests:
  - name: somebody edits
    input: { principals: [member], resources: [one], actions: [edit] }
    expected: [{ principal: member, resource: one, actions: { edit: ${effect} } }]
`;

const withTests =
  (make: SeededChange["make"]): SeededChange["make"] =>
  async (copy) => {
    await make(copy);
    await copy.write("cerbos/document_test.yaml", testOf("document", "EFFECT_DENY"));
    await copy.write("cerbos/document_floor_test.yaml", testOf("document_floor", "EFFECT_ALLOW"));
  };

/** Of a host's. */
export const HOST_CHANGES: readonly SeededChange[] = [
  {
    title: "a relation of the model is widened",
    folder: "host",
    make: edits([
      "openfga/documents.fga",
      "define viewer: editor\n",
      "define viewer: editor or member from organization\n",
    ]),
    effect: [
      "widened project.view everyone: the subject=whoever has the role `member` in the organization (project → organization)",
      "widened folder.view everyone: the subject=whoever has the role `member` in the organization (folder → `parent` folder at any depth (tried: 0, 1 and 2) → project → organization)",
      "widened document.view everyone: the subject=whoever has the role `member` in the organization (document → folder → `parent` folder at any depth (tried: 0 and 1) → project → organization), classification=internal",
      "reasons document.view: NOT_RELATED+CONFIDENTIAL -> CONFIDENTIAL",
    ],
  },
  {
    title: "a relation of the model is widened that a rule asks for beside another",
    folder: "host",
    make: edits([
      "openfga/documents.fga",
      "define manager: author or manager from folder",
      "define manager: author or editor from folder",
    ]),
    effect: [
      `widened document.share everyone: the subject=${CONTRIBUTORS.join("|")}, classification=internal, organizationState=active; the subject=${INSIDERS.join("|")}, classification=confidential, organizationState=active`,
      `widened document.unlock everyone: the subject=${CONTRIBUTORS.join("|")}, classification=internal, organizationState=active, state=locked; the subject=${INSIDERS.join("|")}, classification=confidential, organizationState=active, state=locked`,
      "reasons document.share: NOT_RELATED+ORGANIZATION_RETIRED -> ORGANIZATION_RETIRED",
      "reasons document.unlock: NOT_RELATED+DOCUMENT_OPEN -> DOCUMENT_OPEN",
    ],
  },
  {
    title: "an attribute rule of a host's kind is dropped",
    folder: "host",
    make: withTests(edits([DOCUMENT, inRule("view", "              - expr: V.isCleared\\n"), "$1"])),
    effect: [
      "widened document.view everyone: classification=confidential, relations.insider=false, relations.viewer=true",
    ],
  },
  {
    title: "a host's kind gets an action, and loses one",
    folder: "host",
    make: withTests(
      edits([DOCUMENT, "actions: [unlock]", "actions: [open]"], [FLOOR, "actions: [unlock]", "actions: [open]"]),
    ),
    effect: [
      "widened document.open (head only) everyone: classification=internal, organizationState=active, relations.manager=true, state=locked; organizationState=active, relations.insider=true, relations.manager=true, state=locked",
      "narrowed document.unlock (base only) everyone: classification=internal, organizationState=active, relations.manager=true, state=locked; organizationState=active, relations.insider=true, relations.manager=true, state=locked",
    ],
  },
  {
    title: "a host's kind gets an action that nobody may do yet",
    folder: "host",
    make: withTests(
      edits([DOCUMENT, "actions: [unlock]", "actions: [unlock, shred]"], [FLOOR, /    - name: unlock\n/, SHRED]),
    ),
    effect: ["actions document.shred (head only): UNKNOWN_ACTION -> NOT_RELATED+DOCUMENT_OPEN"],
  },
];

/** A kind that could not be served, with what is said of it. */
export const BROKEN_HOST_CHANGES: readonly (Pick<SeededChange, "title" | "make"> & { readonly says: RegExp })[] = [
  {
    title: "a guard of a host's kind is written as DENY",
    make: edits([DOCUMENT, inRule("lock", "EFFECT_ALLOW"), "$1EFFECT_DENY"]),
    says: /cerbos\/document\.yaml:\d+(:\d+)?: .*expected EFFECT_ALLOW/,
  },
  {
    title: "a condition of a host's kind asks for a relation that the model has not",
    make: edits(
      ["openfga/documents.fga", "viewer: insider", "viewer: author or shared_with"],
      ["openfga/documents.fga", /^ *define insider: .*\n/m, ""],
    ),
    says: /cerbos\/_schemas\/document\.json:\d+(:\d+)?: .*insider/,
  },
  {
    title: "a host's kind has no schema any more",
    make: async (copy) => await rm(path.join(copy.directory, "cerbos/_schemas/folder.json")),
    says: /cerbos\/_schemas\/folder\.json(:1)?(:1)?: is missing/,
  },
];

/** The same decisions, said otherwise. */
export const REFACTORINGS: readonly Omit<SeededChange, "effect">[] = [
  {
    title: "a word has another name",
    folder: "built-in",
    make: edits([SECTOR, /hasSoleOwner/g, "isOnlyOneOwner"], [SECTOR, /unlessSoleOwner/g, "unlessOnlyOneOwner"]),
  },
  {
    title: "a condition is said the other way round",
    folder: "built-in",
    make: edits([
      SECTOR_FLOOR,
      "R.attr.organizationSectors < R.attr.maxSectors",
      "R.attr.maxSectors > R.attr.organizationSectors",
    ]),
  },
  {
    title: "two rules that ask the same are one, and the conditions of another change places",
    folder: "built-in",
    make: edits(
      [SECTOR, /    - name: create_application\n(?:(?!    - name:)[\s\S])*/, ""],
      [SECTOR, "actions: [rename]", "actions: [rename, create_application]"],
      [
        SECTOR,
        inRule("retire", "              - expr: V.isOwner\\n              - expr: V.hasSoleOwner\\n"),
        "$1              - expr: V.hasSoleOwner\n              - expr: V.isOwner\n",
      ],
    ),
  },
  {
    title: "words are spelled out, and comments and keys stand elsewhere",
    folder: "host",
    make: edits(
      [DOCUMENT, inRule("view", "expr: V.isViewer"), "$1expr: R.attr.relations.viewer == true"],
      [DOCUMENT, "apiVersion: api.cerbos.dev/v1\n", ""],
      [DOCUMENT, /$/, "apiVersion: api.cerbos.dev/v1\n"],
    ),
  },
];
