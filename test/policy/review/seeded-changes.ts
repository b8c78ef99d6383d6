import type { FolderCopy } from "../../support/host-folder.ts";
import { edits, type SeededChange } from "./seeded-change.ts";

export const SECTOR = "cerbos/sector.yaml";
export const SECTOR_FLOOR = "cerbos/sector_floor.yaml";

/** The rule of one name, from its name to the next. */
export const inRule = (name: string, from: string): RegExp =>
  new RegExp(`(- name: ${name}\\n(?:(?!- name:)[\\s\\S])*?)${from}`);

async function strictSector(copy: FolderCopy): Promise<void> {
  const rule = (await copy.read(SECTOR)).replace("- expr: V.isAdmin", "- expr: V.isOwner");
  const text = rule.replace("V.unlessAdmin", "V.unlessOwner").replace("version: default", "version: strict");
  await copy.write("cerbos/sector_strict.yaml", text);
}

/** Of the built-in policies. */
export const BUILT_IN_CHANGES: readonly SeededChange[] = [
  {
    title: "a role is added to a rule",
    folder: "built-in",
    make: edits([SECTOR, inRule("enable", "V.isOwner\\n([\\s\\S]*?)V.unlessOwner"), "$1V.isAdmin\n$2V.unlessAdmin"]),
    effect: [
      "widened sector.enable admin: organizationState=active, state=enabled; organizationState=active, organizationSectors below maxSectors",
      "reasons sector.enable: ROLE_TOO_LOW -> ROLE_TOO_LOW",
    ],
  },
  {
    title: "a rank takes in another role",
    folder: "built-in",
    make: edits(["cerbos/roles.yaml", "parentRoles: [admin, owner]", "parentRoles: [billing, admin, owner]"]),
    effect: [
      "widened organization.view_audit billing: state=active|retired",
      "widened organization.export_audit billing: state=active|retired",
      "widened organization.manage_connectors billing: state=active",
      "widened organization.rename billing: state=active",
      "widened organization.manage_domains billing: state=active",
      "widened organization.create_sector billing: state=active, enabledSectors below maxSectors",
      "widened organization.create_application billing: state=active, enabledApplications below maxApplications, enabledSectors below maxSectors",
      "widened sector.rename billing: organizationState=active",
      "widened sector.create_application billing: organizationState=active, state=enabled, organizationApplications below maxApplications",
      "widened application.edit+configure_rules+set_claim_policy+rotate_keys billing: organizationState=active",
      "reasons organization.view_audit: ROLE_TOO_LOW+ORGANIZATION_ARCHIVED -> ORGANIZATION_ARCHIVED",
      "reasons organization.export_audit: ROLE_TOO_LOW+ORGANIZATION_ARCHIVED -> ORGANIZATION_ARCHIVED",
      "reasons organization.manage_connectors: ROLE_TOO_LOW+ORGANIZATION_RETIRED -> ORGANIZATION_RETIRED",
      "reasons organization.rename: ROLE_TOO_LOW+ORGANIZATION_RETIRED -> ORGANIZATION_RETIRED",
      "reasons organization.manage_domains: ROLE_TOO_LOW+ORGANIZATION_RETIRED -> ORGANIZATION_RETIRED",
      "reasons organization.create_sector: ROLE_TOO_LOW+LIMIT_REACHED -> LIMIT_REACHED",
      "reasons organization.create_application: ROLE_TOO_LOW+LIMIT_REACHED+LIMIT_REACHED -> LIMIT_REACHED+LIMIT_REACHED",
      "reasons sector.rename: ROLE_TOO_LOW+ORGANIZATION_RETIRED -> ORGANIZATION_RETIRED",
      "reasons sector.create_application: ROLE_TOO_LOW+LIMIT_REACHED -> LIMIT_REACHED",
      "reasons application.edit+configure_rules+set_claim_policy+rotate_keys: ROLE_TOO_LOW+ORGANIZATION_RETIRED -> ORGANIZATION_RETIRED",
    ],
  },
  {
    title: "a condition is dropped",
    folder: "built-in",
    make: edits([SECTOR, inRule("retire", "              - expr: V.hasSoleOwner\\n"), "$1"]),
    effect: [
      "widened sector.retire owner: enabledApplications=0, organizationState=active, ownerCount=0|2 or more",
      "reasons sector.retire: NOT_SOLE_OWNER+ORGANIZATION_RETIRED -> ORGANIZATION_RETIRED",
    ],
  },
  {
    title: "a limit is off by one",
    folder: "built-in",
    make: edits([
      SECTOR_FLOOR,
      "R.attr.organizationSectors < R.attr.maxSectors",
      "R.attr.organizationSectors <= R.attr.maxSectors",
    ]),
    effect: [
      "widened sector.enable owner: organizationState=active, state=retired, organizationSectors equal maxSectors",
      "reasons sector.enable: ROLE_TOO_LOW+LIMIT_REACHED -> ROLE_TOO_LOW",
    ],
  },
  {
    title: "a condition is negated",
    folder: "built-in",
    make: edits([SECTOR_FLOOR, 'isEnabled: R.attr.state == "enabled"', 'isEnabled: R.attr.state != "enabled"']),
    effect: [
      "widened sector.create_application admin+owner: organizationState=active, state=retired, organizationApplications below maxApplications",
      "narrowed sector.create_application admin+owner: organizationState=active, state=enabled, organizationApplications below maxApplications",
      "reasons sector.create_application: ROLE_TOO_LOW+LIMIT_REACHED -> ROLE_TOO_LOW+SECTOR_RETIRED+LIMIT_REACHED",
    ],
  },
  {
    title: "a state is added",
    folder: "built-in",
    make: edits([
      "cerbos/_schemas/sector.json",
      '"enum": ["enabled", "retired"]',
      '"enum": ["enabled", "paused", "retired"]',
    ]),
    wrong: 'the gateway supplies no state of "paused"',
    effect: [
      "widened sector.view viewer+member+admin+owner: organizationState=active|retired, state=paused",
      "widened sector.rename admin+owner: organizationState=active, state=paused",
      "widened sector.retire owner: enabledApplications=0, organizationState=active, ownerCount=1, state=paused",
      "widened sector.enable owner: organizationState=active, state=paused, organizationSectors below maxSectors",
      "reasons sector.view: FACT_INVALID+FACT_INVALID -> ROLE_TOO_LOW",
      "reasons sector.rename: FACT_INVALID+FACT_INVALID -> ROLE_TOO_LOW",
      "reasons sector.retire: FACT_INVALID+FACT_INVALID -> ROLE_TOO_LOW",
      "reasons sector.enable: FACT_INVALID+FACT_INVALID -> ROLE_TOO_LOW+LIMIT_REACHED",
      "reasons sector.create_application: FACT_INVALID+FACT_INVALID -> ROLE_TOO_LOW+SECTOR_RETIRED+LIMIT_REACHED",
    ],
  },
  {
    title: "an attribute is renamed",
    folder: "built-in",
    make: edits(
      ["cerbos/_schemas/sector.json", /"enabledApplications"/g, '"liveApplications"'],
      [SECTOR_FLOOR, /R\.attr\.enabledApplications/g, "R.attr.liveApplications"],
    ),
    wrong: "the gateway does not supply liveApplications",
    effect: [
      'widened sector.retire owner: enabledApplications=1 or more|missing|of the wrong type ("wrong"), liveApplications=0, organizationState=active, ownerCount=1',
      'narrowed sector.retire owner: enabledApplications=0, liveApplications=1 or more|missing|of the wrong type ("wrong"), organizationState=active, ownerCount=1',
      "reasons sector.retire: ROLE_TOO_LOW -> ROLE_TOO_LOW+LIVE_APPLICATIONS",
    ],
  },
  {
    title: "the floor is dropped from an action",
    folder: "built-in",
    make: edits([SECTOR_FLOOR, /    - name: rename\n(?:(?!    - name:|    # Retired)[\s\S])*/, ""]),
    wrong: "no rule is about the action rename",
    effect: [
      "errors sector.rename viewer+member+billing+none+service: everywhere; organizationState=missing|of the wrong type (0)",
      "errors sector.rename admin+owner: everywhere; organizationState=missing|of the wrong type (0)",
    ],
  },
  {
    title: "a matrix is added",
    folder: "built-in",
    make: strictSector,
    wrong: "no test is beside the policy",
    effect: [
      "narrowed sector.rename@strict (new) admin: organizationState=active",
      "reasons sector.rename@strict (new): ROLE_TOO_LOW -> ROLE_TOO_LOW",
    ],
  },
  {
    title: "a guard is written as DENY",
    folder: "built-in",
    make: edits(
      [SECTOR, inRule("retire", "              - expr: V.hasSoleOwner\\n"), "$1"],
      [
        SECTOR,
        /$/,
        `
    - name: sole
      actions: [retire]
      effect: EFFECT_DENY
      roles: ["*"]
      condition:
        match:
          expr: R.attr.ownerCount > 1
`,
      ],
    ),
    isDrawn: true,
    wrong: "DENY",
    effect: [
      "widened sector.retire owner: enabledApplications=0, organizationState=active, ownerCount=0",
      'errors sector.retire viewer+billing+owner+none+service: ownerCount=2 or more; enabledApplications=missing|of the wrong type ("wrong"), ownerCount=2 or more',
      "reasons sector.retire: NOT_SOLE_OWNER+ORGANIZATION_RETIRED -> ORGANIZATION_RETIRED",
    ],
  },
  {
    title: "a guard stands under none",
    folder: "built-in",
    make: edits([
      SECTOR,
      inRule(
        "retire",
        "          all:\\n            of:\\n              - expr: V.isOwner\\n              - expr: V.hasSoleOwner\\n",
      ),
      "$1          all:\n            of:\n              - expr: V.isOwner\n              - none:\n                  of:\n                    - expr: R.attr.ownerCount > 1\n",
    ]),
    wrong: "let through, or hide, what cannot be evaluated",
    effect: [
      "widened sector.retire owner: enabledApplications=0, organizationState=active, ownerCount=0",
      "reasons sector.retire: NOT_SOLE_OWNER+ORGANIZATION_RETIRED -> ORGANIZATION_RETIRED",
    ],
  },
  {
    title: "an output is removed",
    folder: "built-in",
    make: edits([
      SECTOR,
      inRule("rename", "      output:\\n        when:\\n          conditionNotMet: V.unlessAdmin\\n"),
      "$1",
    ]),
    wrong: "rename is denied without a reason",
    effect: [
      "errors sector.rename viewer+member+billing+none+service: everywhere; organizationState=missing|of the wrong type (0)",
    ],
  },
  {
    title: "the limits of a plan are raised",
    folder: "built-in",
    make: edits(["plans.yaml", "sectors: 25", "sectors: 30"]),
    effect: [
      "widened organization.create_sector admin+owner: enabledSectors=25 to 29, maxSectors=25 → 30 (plan free), state=active",
      "widened organization.create_application admin+owner: enabledSectors=25 to 29, maxSectors=25 → 30 (plan free), state=active, enabledApplications below maxApplications",
      "widened sector.enable owner: maxSectors=25 → 30 (plan free), organizationSectors=25 to 29, organizationState=active, state=retired",
      "reasons organization.create_sector: ROLE_TOO_LOW+LIMIT_REACHED -> ROLE_TOO_LOW",
      "reasons organization.create_application: ROLE_TOO_LOW+LIMIT_REACHED+LIMIT_REACHED -> ROLE_TOO_LOW+LIMIT_REACHED",
      "reasons sector.enable: ROLE_TOO_LOW+LIMIT_REACHED -> ROLE_TOO_LOW",
    ],
  },
  {
    title: "a person's id stands in a condition",
    folder: "built-in",
    make: edits([SECTOR, inRule("rename", "expr: V.isAdmin"), '$1expr: V.isAdmin || P.id == "alice"']),
    wrong: "P.id",
    effect: [],
  },
  {
    title: "a role is taken from a rule",
    folder: "built-in",
    make: edits([SECTOR, inRule("rename", "V.isAdmin\\n([\\s\\S]*?)V.unlessAdmin"), "$1V.isOwner\n$2V.unlessOwner"]),
    effect: [
      "narrowed sector.rename admin: organizationState=active",
      "reasons sector.rename: ROLE_TOO_LOW -> ROLE_TOO_LOW",
    ],
  },
  {
    title: "a reason says something else",
    folder: "built-in",
    make: edits([SECTOR_FLOOR, '[{"code": "SECTOR_RETIRED"}]', '[{"code": "ORGANIZATION_RETIRED"}]']),
    effect: [
      "reasons sector.create_application: ROLE_TOO_LOW+SECTOR_RETIRED+LIMIT_REACHED -> ROLE_TOO_LOW+ORGANIZATION_RETIRED+LIMIT_REACHED",
    ],
  },
];
