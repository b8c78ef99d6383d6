import type { DecisionRecord, SearchRecord } from "../../src/entities/decisions.ts";

/** A denial of a Viewer, with some of it replaced. */
export function record(changes: Partial<DecisionRecord> = {}): DecisionRecord {
  return {
    id: "dec-00000000000000000000",
    time: new Date("2026-11-21T10:00:00.000Z"),
    caller: { kind: "client", id: "cli-2m0d9sbf6tqx4kz81hwe" },
    organization: "org-8k2vq0d4w7n5h1xjz3ct",
    question: {
      subject: { type: "account", id: "p-qaqavref52jjejx8v5k9" },
      action: "edit",
      resource: { type: "application", id: "app-mptm5ctgtztv26tgmbvv" },
    },
    facts: { subject: { role: "viewer" }, resource: { state: "enabled", ownerCount: 2 } },
    ...{ graph: "agrees", version: 7, matrix: "default" },
    ...{ answer: "deny", reasons: [{ code: "ROLE_TOO_LOW", least: "admin" }] },
    ...{ ...ENGINES, durationMs: 1.5 },
    ...changes,
  };
}

const ENGINES = { unit: "350c2211499c7498", commit: null, model: "01J0000000000000000000000" };

/** What that Viewer may do there, with some of it replaced. */
export function search(changes: Partial<SearchRecord> = {}): SearchRecord {
  const { id, time, caller, organization, question } = record();
  return {
    ...{ id, time, caller, search: "action", question: { ...question, action: null } },
    organizations: [{ id: organization ?? "", version: 7, matrix: "default" }],
    ...{ candidates: 6, results: ["view"], cut: null, answer: "found", reasons: [], ...ENGINES, durationMs: 1.5 },
    ...changes,
  };
}

/** The id of the n-th. */
export const numbered = (n: number): string => `dec-${String(n).padStart(20, "0")}`;
