/** What a pull request says of itself, in descriptions, values and names, stands in the page as text: it hides nothing and forges nothing. */
import { describe, expect, test } from "@jest/globals";
import { markdownOf, terminalOf } from "../../../src/policy/review/diff-text.ts";
import type { PolicyDiff } from "../../../src/policy/review/diff.ts";
import { titleOf } from "../../../src/policy/review/titles.ts";

type Told = PolicyDiff["groups"][number];

const FORGED = [
  "fine\n- **Nobody may do anything**\n  sector: in every state; 0 cases (`000000000000`)\r\n\u2028</details>",
  "<!-- <img src=x> <details> [all is well](https://example.com) ![](https://example.com/x.png) a_b_c *d* ~~e~~ $f$ g|h i&j \\",
  "\u001b[2K\u001b[1A\u202e\u0007 k",
  "`l ` m ``n`` `<o>` p`",
];

const APPROVED = {
  group: "000000000001",
  who: "Ada",
  why: "agreed",
  base: "",
  head: "",
  file: "",
  line: 1,
  column: 3,
} as const;

function groupWith(said: string): Told {
  return {
    ...{ id: "000000000001", direction: "widened", kind: "sector", version: "default", isNewMatrix: false },
    ...{ actions: ["rename"], knownTo: "both", cells: 1, isWhole: true, access: "gained", roles: ["admin"], ways: [] },
    where: [[{ fact: "R.attr.state", values: [said], words: `${said} is ${said}` }]],
    example: {
      ...{ role: "admin", was: [{ code: "ROLE_TOO_LOW" }], is: [] },
      facts: [{ fact: "R.attr.state", words: said, value: said }],
    },
    reasons: [],
    causes: [`policies/cerbos/sector.yaml:1: the rule \`${said}\` is new`, said],
    approval: { ...APPROVED, who: said, why: said },
  };
}

function diffOf(...groups: readonly Told[]): PolicyDiff {
  const side = { name: "main", commit: null, unit: "0123456789abcdef" };
  return {
    title: titleOf(groups),
    base: side,
    head: side,
    groups,
    limits: [],
    isUnapproved: true,
    strayApprovals: [],
    tried: [],
  };
}

/** In every place that a pull request can write into. */
const told = (said: string): PolicyDiff => {
  const group = groupWith(said);
  const reasons: Told["reasons"] = [{ reason: said, change: "new", members: said, subjects: [said] }];
  const [state] = group.where;
  const example = { ...group.example, facts: [...group.example.facts, ...group.example.facts] };
  const by = [{ fact: "the subject", values: [said], words: said }];
  return {
    ...diffOf(
      group,
      { ...group, direction: "narrowed", access: "lost", reasons, where: [state ?? [], state ?? []], example },
      { ...group, ways: [said], where: [by], approval: null },
      { ...group, direction: "reasons", actions: [said], version: said, isNewMatrix: true, roles: [said], reasons },
    ),
    strayApprovals: [{ ...APPROVED, who: said }],
    tried: [{ kind: "sector", isWhole: true, isByWays: true, facts: [{ fact: "state", words: said, values: [said] }] }],
  };
};

const shapeOf = (page: string): string[] =>
  page.split("\n").map((line) => /^(- \*\*| {2}- |- |#+ |<\/?details>|```|)/.exec(line)?.[0] ?? "");

describe("What is told of a change", () => {
  test.each(FORGED)("has the same lines, whatever is said (%#)", (said) => {
    for (const textOf of [markdownOf, terminalOf]) {
      expect(shapeOf(textOf(told(said)))).toEqual(shapeOf(textOf(told("harmless"))));
    }
  });

  test.each(FORGED)("has nothing in it that a terminal obeys (%#)", (said) => {
    expect(terminalOf(told(said))).not.toMatch(/[^\n\P{C}]|[\u2028\u2029]/u);
  });

  test.each(FORGED)("is Markdown by our marks alone (%#)", (said) => {
    const copied = /^```yaml\n[^]*?\n```$/gm; // nothing in it is a mark
    const inert = /\\.|(?<!`)`[^`\n]+`(?!`)/g; // as a reader of Markdown finds them, from left to right
    const ours = /^<details><summary>.*<\/summary>$|^<\/details>$|\*\*/gm;
    const active = (page: string): string => page.replaceAll(copied, "").replaceAll(inert, "");
    const page = active(markdownOf(told(said)));
    expect(page.replaceAll(ours, "")).not.toMatch(/[`*_[\]<>&|~$\\]/);
    expect(page.match(ours)).toEqual(active(markdownOf(told("harmless"))).match(ours));
  });

  test("keeps what is said, and code as code", () => {
    const page = markdownOf(diffOf(groupWith("a_b is <c> & `d_e`")));
    expect(page).toContain("Admin may now `rename` a sector while a\\_b is \\<c\\> \\& `d_e` is");
    expect(page).toContain("- a\\_b is \\<c\\> \\& `d_e`\n");
    expect(terminalOf(diffOf(groupWith("a_b is <c>")))).toContain("`rename` a sector while a_b is <c> is a_b is <c> (");
  });
});
