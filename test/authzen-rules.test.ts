import { describe, expect, test } from "@jest/globals";
import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { RULES } from "./authzen-rules.ts";

/** It lies beside the checkout, where its authors work. */
const DOCUMENT = path.join(import.meta.dirname, "../../shared/AUTHZEN.md");
/** The text right after `test(`, `describe(` or the second parenthesis of `test.each(…)(`. */
const TITLE = /(?:\b(?:test|describe)|\))\(\s*(?:"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|`((?:\\.|[^`\\])*)`)\s*,/g;

const plain = (text: string): string => text.replaceAll(/\s+/g, " ").trim().toLowerCase();

const TITLES = globSync("**/*.test.ts", { cwd: import.meta.dirname }).flatMap((file) => {
  const text = readFileSync(path.join(import.meta.dirname, file), "utf8");
  return [...text.matchAll(TITLE)].map(([, double, single, back]) => {
    return plain((double ?? single ?? back ?? "").replaceAll(/\\(["'`])/g, "$1"));
  });
});

interface Sentence {
  readonly block: string;
  readonly from: number;
  readonly to: number;
}

/** What the document says from its first endpoint on: headings, rows and points, cut into sentences and parts of them. */
function sentencesOf(document: string): Sentence[] {
  const said = document.slice(document.indexOf("## Endpoints"));
  const blocks = said.split(/\n(?=[-#|])/).filter((block) => !/^(## Rules|\|[-|]+$|\| API )/.test(block));
  return blocks.map(plain).flatMap((block) => {
    const ends = [...block.matchAll(/[.;](?= )|$/g)].map(({ index }) => index);
    return ends.map((to, index) => ({ block, from: (ends[index - 1] ?? -1) + 1, to }));
  });
}

/** Those that have nothing of a rule in them. */
function otherSentences(document: string): string[] {
  const others = sentencesOf(document).filter(({ block, from, to }) => {
    return !RULES.some((rule) => {
      const at = block.indexOf(plain(rule));
      return at !== -1 && at < to && at + rule.length > from;
    });
  });
  return others.map(({ block, from, to }) => block.slice(from, to));
}

test.each(RULES)("%s is quoted by the title of a test", (rule) => {
  expect(TITLES.length).toBeGreaterThan(1_000);
  expect(TITLES.filter((title) => title.includes(`"${plain(rule)}"`))).not.toEqual([]);
});

if (existsSync(DOCUMENT)) {
  describe("AUTHZEN.md", () => {
    const document = readFileSync(DOCUMENT, "utf8");

    test("says each of them", () => {
      expect(RULES.filter((rule) => !plain(document).includes(plain(rule)))).toEqual([]);
    });

    test("says nothing else, and what would be new in it is found", () => {
      expect(otherSentences(document)).toEqual([]);
      expect(otherSentences(document.replace("- `X-Request-ID` is", "- A new rule; `X-Request-ID` is"))).toEqual([
        "- a new rule",
      ]);
    });
  });
}
