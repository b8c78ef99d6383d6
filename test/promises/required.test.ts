import { expect, test } from "@jest/globals";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { promisesIn, REQUIRED } from "./required.ts";

const titles = globSync("*.test.ts", { cwd: import.meta.dirname }).flatMap((file) => {
  const text = readFileSync(path.join(import.meta.dirname, file), "utf8");
  return [...text.matchAll(/\btest(?:\.each\([^)]*\))?\(\s*["'`]([^"'`]+)/g)].map((match) => match[1] ?? "");
});

test("every promise is named by the title of a test in this folder", () => {
  const named = new Set(titles.flatMap(promisesIn));
  expect(REQUIRED.filter((id) => !named.has(id))).toEqual([]);
});
