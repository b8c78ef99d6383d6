import { edits, type SeededChange } from "./seeded-change.ts";
import { SECTOR } from "./seeded-changes.ts";

/** Of what stands around the rules: schemas, ranks, relations of a host's own people. */
export const SURROUNDING_CHANGES: readonly SeededChange[] = [
  {
    title: "a host's own people lose what they had by a relation",
    folder: "records",
    make: edits(["openfga/records.fga", "define viewer: reader or owner", "define viewer: reader"]),
    effect: [
      'narrowed record.read everyone: the subject=any user that is `owner` of the record, P.attr.role=clerk|""|another|missing|of the wrong type (0)',
    ],
  },
  {
    title: "a host's schema takes any state, and not only those that it listed",
    folder: "host",
    make: edits(["cerbos/_schemas/document.json", /("state": \{[^}]*)"enum": \[[^\]]*\]/, '$1"type": "string"']),
    effect: [
      'widened document.view everyone: classification=internal, relations.viewer=true, state=""|another; relations.insider=true, relations.viewer=true, state=""|another',
      'widened document.share everyone: classification=internal, organizationState=active, relations.manager=true, state=""|another; organizationState=active, relations.insider=true, relations.manager=true, state=""|another',
      "reasons document.view: FACT_INVALID+FACT_INVALID -> NOT_RELATED",
      "reasons document.edit: FACT_INVALID+FACT_INVALID -> NOT_RELATED+DOCUMENT_LOCKED",
      "reasons document.share: FACT_INVALID+FACT_INVALID -> NOT_RELATED",
      "reasons document.lock: FACT_INVALID+FACT_INVALID -> NOT_RELATED+DOCUMENT_LOCKED",
      "reasons document.unlock: FACT_INVALID+FACT_INVALID -> NOT_RELATED+DOCUMENT_OPEN",
    ],
  },
  {
    title: "a rank is no longer worked out",
    folder: "built-in",
    make: edits([SECTOR, /(derivedRoles: \[.*?)at_least_admin, /, "$1"]),
    wrong: "Cerbos works out at_least_admin only in a policy with a rule that names it",
    effect: [
      "narrowed sector.rename admin+owner: organizationState=active",
      "narrowed sector.create_application admin+owner: organizationState=active, state=enabled, organizationApplications below maxApplications",
      "reasons sector.rename: ORGANIZATION_RETIRED -> ROLE_TOO_LOW+ORGANIZATION_RETIRED",
      "reasons sector.create_application: LIMIT_REACHED -> ROLE_TOO_LOW+LIMIT_REACHED",
    ],
  },
  {
    title: "the least of a fact that few rules read is taken away",
    folder: "built-in",
    make: edits(["cerbos/_schemas/sector.json", /("ownerCount": \{[^}]*"type": "integer"), "minimum": 0/, "$1"]),
    effect: [
      "widened sector.view viewer+member+admin+owner: organizationState=active|retired, ownerCount=-1 or less",
      "widened sector.rename admin+owner: organizationState=active, ownerCount=-1 or less",
      "widened sector.enable owner: organizationState=active, ownerCount=-1 or less, state=enabled; organizationState=active, ownerCount=-1 or less, organizationSectors below maxSectors",
      "widened sector.create_application admin+owner: organizationState=active, ownerCount=-1 or less, state=enabled, organizationApplications below maxApplications",
      "reasons sector.view: FACT_INVALID+FACT_INVALID -> ROLE_TOO_LOW",
      "reasons sector.rename: FACT_INVALID+FACT_INVALID -> ROLE_TOO_LOW",
      "reasons sector.retire: FACT_INVALID+FACT_INVALID -> ROLE_TOO_LOW+NOT_SOLE_OWNER",
      "reasons sector.enable: FACT_INVALID+FACT_INVALID -> ROLE_TOO_LOW",
      "reasons sector.create_application: FACT_INVALID+FACT_INVALID -> ROLE_TOO_LOW+LIMIT_REACHED",
    ],
  },
  {
    title: "a schema is loosened",
    folder: "built-in",
    make: edits(["cerbos/_schemas/sector.json", /\n    "enabledApplications",/, ""]),
    wrong: "enabledApplications may be missing",
    effect: [
      "widened sector.view viewer+member+admin+owner: enabledApplications=missing, organizationState=active|retired",
      "widened sector.rename admin+owner: enabledApplications=missing, organizationState=active",
      "widened sector.enable owner: enabledApplications=missing, organizationState=active, state=enabled; enabledApplications=missing, organizationState=active, organizationSectors below maxSectors",
      "widened sector.create_application admin+owner: enabledApplications=missing, organizationState=active, state=enabled, organizationApplications below maxApplications",
      "errors sector.retire everyone: enabledApplications=missing",
      "reasons sector.view: FACT_INVALID+FACT_INVALID -> ROLE_TOO_LOW",
      "reasons sector.rename: FACT_INVALID+FACT_INVALID -> ROLE_TOO_LOW",
      "reasons sector.enable: FACT_INVALID+FACT_INVALID -> ROLE_TOO_LOW",
      "reasons sector.create_application: FACT_INVALID+FACT_INVALID -> ROLE_TOO_LOW+LIMIT_REACHED",
    ],
  },
];
