import { describe, expect, test } from "@jest/globals";
import { readConfig } from "../../src/config.ts";
import type { DecisionLogSettings } from "../../src/settings/decision-log.ts";
import { problemsOf } from "../support/settings.ts";

const SECRET = "q3Jx0vK8bT1mZ5nR7wY2cL9dF4gH6sAp";
const OWN_ENGINES = { DATABASE_URL: "postgres://db/x", OPENFGA_API_URL: "http://fga", CERBOS_TARGET: "cerbos:3593" };
const PRODUCTION = {
  ...{ NODE_ENV: "production", OIDC_ISSUER: "https://id.example.com/", OIDC_AUDIENCE: "bailiwick" },
  ...{ BAILIWICK_SECRET: SECRET, STATE_DIR: "/state" },
};
const OTHERWISE: DecisionLogSettings = {
  ...{ folder: "/state/decisions", maxBytes: 10_000_000, files: 10, onFailure: "continue", mask: [] },
};

describe("The log of decisions", () => {
  test.each<[string, Readonly<Record<string, string>>, string | undefined]>([
    ["of the embedded default is in STATE_DIR", { STATE_DIR: "/state" }, "/state/decisions"],
    [
      "of a gateway with one engine embedded is too",
      { ...PRODUCTION, DATABASE_URL: "postgres://db/x" },
      "/state/decisions",
    ],
    [
      "of one with the development issuer is too",
      { ...OWN_ENGINES, BAILIWICK_SECRET: SECRET, STATE_DIR: "/state" },
      "/state/decisions",
    ],
    ["is off where STATE_DIR is not used", { ...PRODUCTION, ...OWN_ENGINES }, undefined],
    ["is there, too, where it is set", { ...PRODUCTION, ...OWN_ENGINES, DECISION_LOG: "/log" }, "/log"],
    ["is off where that is said", { STATE_DIR: "/state", DECISION_LOG: "off" }, undefined],
  ])("%s", (_what, environment, folder) => {
    expect(readConfig(environment).decisionLog?.folder).toBe(folder);
  });

  test("is as it is set", () => {
    const files = { DECISION_LOG_MAX_BYTES: "4096", DECISION_LOG_FILES: "2" };
    const rest = { DECISION_LOG_ON_FAILURE: "refuse", DECISION_LOG_MASK: "*.level, document.title" };
    expect(readConfig({ STATE_DIR: "/state" }).decisionLog).toEqual(OTHERWISE);
    expect(readConfig({ STATE_DIR: "/state", ...files, ...rest }).decisionLog).toEqual({
      ...OTHERWISE,
      ...{ maxBytes: 4_096, files: 2, onFailure: "refuse", mask: ["*.level", "document.title"] },
    });
  });

  test.each([
    ["MAX_BYTES", "4095"],
    ["MAX_BYTES", "1000000000"],
    ["FILES", "1"],
    ["FILES", "10001"],
    ["ON_FAILURE", "ignore"],
    ["MASK", "level"],
    ["MASK", "*.level,,document.title"],
  ])("DECISION_LOG_%s=%s is refused by name", (name, value) => {
    const problems = problemsOf({ [`DECISION_LOG_${name}`]: value });
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^DECISION_LOG_${name}: expected `))]);
  });

  test("nobody who counts on one that is off is left to find out", () => {
    const meaningless = (name: string): string =>
      `${name}: means nothing while the log is off; name a folder in DECISION_LOG`;
    const off = { DECISION_LOG: "off", DECISION_LOG_ON_FAILURE: "refuse" };
    expect(problemsOf(off)).toEqual([meaningless("DECISION_LOG_ON_FAILURE")]);
    expect(problemsOf({ ...PRODUCTION, ...OWN_ENGINES, DECISION_LOG_MASK: "*.level" })).toEqual([
      meaningless("DECISION_LOG_MASK"),
    ]);
  });
});
