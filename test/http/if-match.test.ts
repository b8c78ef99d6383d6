import { expect, test } from "@jest/globals";
import { parseIfMatch } from "../../src/http/if-match.ts";

test("no header says nothing, and * accepts every revision", () => {
  expect(parseIfMatch(undefined)).toBeUndefined();
  expect(parseIfMatch("*")).toBe("any");
  expect(parseIfMatch(" * ")).toBe("any");
});

test("a list accepts each of its revisions", () => {
  expect(parseIfMatch('"3"')).toEqual([3]);
  expect(parseIfMatch('"3","12" ,\t"4"')).toEqual([3, 12, 4]);
  expect(parseIfMatch(' ,"3",, "4",')).toEqual([3, 4]);
});

test.each([['W/"3"'], ['"abc"'], ['"03"'], ['"0"'], ['""'], ['"3 "'.replace(" ", "x")]])(
  "%s is a tag and none of ours: it accepts nothing",
  (header) => expect(parseIfMatch(header)).toEqual([]),
);

test("a weak tag beside a strong one takes nothing away", () => {
  expect(parseIfMatch('W/"3", "4"')).toEqual([4]);
});

test.each([["3"], ['"3'], ['3"'], ['"3" "4"'], ['"3";"4"'], [""], [","], ['w/"3"'], ['"3", *'], ['"a b"']])(
  "%s is no list of entity tags",
  (header) => expect(() => parseIfMatch(header)).toThrow(expect.objectContaining({ code: "INVALID_REQUEST" })),
);
