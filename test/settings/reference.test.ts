import { expect, test } from "@jest/globals";
import { SECRETS } from "../../src/settings/names.ts";
import { settingEntries } from "../../src/settings/reference.ts";
import { settings } from "../../src/settings.ts";

const entries = settingEntries();

test("the reference has every setting, once", () => {
  expect(entries.map(({ name }) => name).sort()).toEqual(Object.keys(settings.shape).sort());
});

test.each(entries)("$name says what it must be, what holds without it, and what it does", (entry) => {
  expect(entry.expected).not.toBe("");
  expect(entry.otherwise).not.toMatch(/^(`undefined`|)$/);
  expect(entry.description).toMatch(/^.{20,}\.$/);
});

test("what can hold a secret is known by its name or its form", () => {
  const isCounted = /_(HOURS|MS)$/;
  const names = Object.keys(settings.shape).filter((name) => !isCounted.test(name));
  const looksSecret = names.filter((name) => /SECRET|KEY|DATABASE_URL|PASSWORD|TOKEN/.test(name));
  expect([...SECRETS].sort()).toEqual(looksSecret.sort());
});
