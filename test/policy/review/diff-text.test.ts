/** What a pull request says of itself, in descriptions, values and names, stands in the page as text: it hides nothing and forges nothing. */
import { describe, expect, test } from "@jest/globals";
import { markdownOf, terminalOf } from "../../../src/policy/review/diff-text.ts";
import type { PolicyDiff } from "../../../src/policy/review/diff.ts";

type Told = PolicyDiff["groups"][number];

const FORGED = [
  "fine\n- **Nobody may do anything**\n  sector: in every state; 0 cases (`000000000000`)\r\n\u2028</details>",
  "<!-- <img src=x> <details> [all is well](https://example.com) ![](https://example.com/x.png) a_b_c *d* ~~e~~ $f$ g|h i&j \\",
  "\u001b[2K\u001b[1A\u202e\u0007 k",
  "`l ` m ``n`` `<o>` p`",
];

const APPROVED = { group: "000000000001", who: "Ada", why: "agreed", base: "", head: "", file: "", line: 1 } as const;

function groupWith(said: string): Told {
  return {
    ...{ id: "000000000001", direction: "widened", kind: "sector", version: "default", isNewMatrix: false },
    ...{ actions: ["rename"], knownTo: "both", cells: 1, isWhole: true, roles: ["admin"] },
    where: [[{ fact: "R.attr.state", values: [said] }]],
    example: {
      ...{ role: "admin", way: null, was: [{ code: "ROLE_TOO_LOW" }], is: [] },
      facts: [{ fact: "R.attr.state", words: said, value: said }],
    },
    causes: [`policies/cerbos/sector.yaml:1: the rule \`${said}\` is new`, said],
    approval: { ...APPROVED, who: said, why: said },
  };
}

function diffOf(...groups: readonly Told[]): PolicyDiff {
  const side = { name: "main", commit: null, unit: "0123456789abcdef" };
  return { base: side, head: side, groups, limits: [], isUnapproved: true };
}

/** In every place that a pull request can write into. */
const told = (said: string): PolicyDiff =>
  diffOf(
    groupWith(said),
    {
      ...groupWith(said),
      direction: "narrowed",
      example: { ...groupWith(said).example, is: [{ code: "X", of: said }] },
    },
    { ...groupWith(said), example: { ...groupWith(said).example, way: said } },
    { ...groupWith(said), direction: "reasons", actions: [said], version: said, isNewMatrix: true, roles: [said] },
  );

const shapeOf = (page: string): string[] =>
  page.split("\n").map((line) => /^(- \*\*| {2}by | {2}approved|#+|<\/?details>|)/.exec(line)?.[0] ?? "");

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
    const fences = /^```(yaml)?$/gm;
    const inert = /\\.|(?<!`)`[^`\n]+`(?!`)/g; // as a reader of Markdown finds them, from left to right
    const ours = /^<details><summary>.*<\/summary>$|^<\/details>$|\*\*/gm;
    const active = (page: string): string => page.replaceAll(fences, "").replaceAll(inert, "");
    const page = active(markdownOf(told(said)));
    expect(page.replaceAll(ours, "")).not.toMatch(/[`*_[\]<>&|~$\\]/);
    expect(page.match(ours)).toEqual(active(markdownOf(told("harmless"))).match(ours));
  });

  test("keeps what is said, and code as code", () => {
    const page = markdownOf(diffOf(groupWith("a_b is <c> & `d_e`")));
    expect(page).toContain("Admin may now do `rename` on a sector while a\\_b is \\<c\\> \\& `d_e` is");
    expect(page).toContain("by a\\_b is \\<c\\> \\& `d_e`\n");
    expect(terminalOf(diffOf(groupWith("a_b is <c>")))).toContain(
      "do rename on a sector while a_b is <c> is a_b is <c>\n",
    );
  });
});
