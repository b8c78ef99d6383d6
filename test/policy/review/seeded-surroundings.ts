import { edits, SECTOR, type SeededChange } from "./seeded-changes.ts";

/** Of what stands around the rules: schemas, ranks, relations of a host's own people. */
export const SURROUNDING_CHANGES: readonly SeededChange[] = [
  {
    title: "a host's own people lose what they had by a relation",
    folder: "records",
    make: edits(["openfga/records.fga", "define viewer: reader or owner", "define viewer: reader"]),
    effect: [
      'narrowed record.read everyone: the subject=`owner` of the record, P.attr.role=clerk|""|another|missing|of the wrong type (0)',
    ],
  },
  {
    title: "a host's schema takes any state, and not only those that it listed",
    folder: "host",
    make: edits(["cerbos/_schemas/document.json", /("state": \{[^}]*)"enum": \[[^\]]*\]/, '$1"type": "string"']),
    effect: [
      'widened document.view everyone: classification=internal, relations.viewer=true, state=""|another; classification=confidential, relations.insider=true, relations.viewer=true, state=""|another',
      'widened document.share everyone: classification=internal, organizationState=active, relations.manager=true, state=""|another; classification=confidential, organizationState=active, relations.insider=true, relations.manager=true, state=""|another',
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
      "narrowed sector.create_application admin+owner: maxApplications=25 (plan free), organizationApplications=24 or less, organizationState=active, state=enabled; maxApplications=10000 (plan platform), organizationApplications=9999 or less, organizationState=active, state=enabled",
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
      "widened sector.enable owner: maxSectors=25 (plan free), organizationSectors=25 or more, organizationState=active, ownerCount=-1 or less, state=enabled; maxSectors=25 (plan free), organizationSectors=24 or less, organizationState=active, ownerCount=-1 or less; maxSectors=10000 (plan platform), organizationSectors=9999 or less, organizationState=active, ownerCount=-1 or less; maxSectors=10000 (plan platform), organizationSectors=10000 or more, organizationState=active, ownerCount=-1 or less, state=enabled",
      "widened sector.create_application admin+owner: maxApplications=25 (plan free), organizationApplications=24 or less, organizationState=active, ownerCount=-1 or less, state=enabled; maxApplications=10000 (plan platform), organizationApplications=9999 or less, organizationState=active, ownerCount=-1 or less, state=enabled",
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
      "widened sector.enable owner: enabledApplications=missing, maxSectors=25 (plan free), organizationSectors=25 or more, organizationState=active, state=enabled; enabledApplications=missing, maxSectors=25 (plan free), organizationSectors=24 or less, organizationState=active; enabledApplications=missing, maxSectors=10000 (plan platform), organizationSectors=9999 or less, organizationState=active; enabledApplications=missing, maxSectors=10000 (plan platform), organizationSectors=10000 or more, organizationState=active, state=enabled",
      "widened sector.create_application admin+owner: enabledApplications=missing, maxApplications=25 (plan free), organizationApplications=24 or less, organizationState=active, state=enabled; enabledApplications=missing, maxApplications=10000 (plan platform), organizationApplications=9999 or less, organizationState=active, state=enabled",
      "errors sector.retire everyone: enabledApplications=missing",
      "reasons sector.view: FACT_INVALID+FACT_INVALID -> ROLE_TOO_LOW",
      "reasons sector.rename: FACT_INVALID+FACT_INVALID -> ROLE_TOO_LOW",
      "reasons sector.enable: FACT_INVALID+FACT_INVALID -> ROLE_TOO_LOW",
      "reasons sector.create_application: FACT_INVALID+FACT_INVALID -> ROLE_TOO_LOW+LIMIT_REACHED",
    ],
  },
];
