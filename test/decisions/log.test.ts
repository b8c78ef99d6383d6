import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createDecisionLog, type DecisionLog, type LogOptions } from "../../src/decisions/log.ts";
import { LIMITS } from "../../src/entities/limits.ts";
import { systemRandom } from "../../src/entities/ids.ts";
import { eventually } from "../support/eventually.ts";
import { numbered, record } from "./records.ts";

let root: string;
let folder: string;
let reported: unknown[][];
let counted: Record<"written" | "lost", number>;
let now: Date;
let logs: DecisionLog[];

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "bailiwick-decisions-"));
  folder = path.join(root, "log", "decisions");
  reported = [];
  counted = { written: 0, lost: 0 };
  now = new Date(Date.now() - 3_600_000);
  logs = [];
});
afterEach(async () => {
  await Promise.all(logs.map(async (log) => await log.close()));
  rmSync(root, { recursive: true });
});

function open(options: Partial<LogOptions> = {}): DecisionLog {
  const log = createDecisionLog({
    ...{ folder, maxBytes: 4_096, files: 10_000, onFailure: "continue", mask: [], random: systemRandom },
    clock: () => (now = new Date(now.getTime() + 1)),
    report: (...line) => reported.push(line),
    count: (outcome, lines) => (counted[outcome] += lines),
    ...options,
  });
  logs.push(log);
  return log;
}

const names = (): string[] => readdirSync(folder).sort();
const content = (name: string): string => readFileSync(path.join(folder, name), "utf8");
const ids = (): unknown[] =>
  names().flatMap((name) =>
    content(name)
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { id: unknown }).id),
  );
const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const line = `${JSON.stringify(record())}\n`;

describe("Rotation", () => {
  test("loses nothing: each line is in one file, whole, in order; no file is larger than it may be; nobody else can read them", async () => {
    const log = open();
    for (const n of numbers(1_000)) expect(log.take(record({ id: numbered(n) }))).toBe(true);
    await log.close();
    expect(ids()).toEqual(numbers(1_000).map(numbered));
    expect(names().length).toBeGreaterThan(100);
    for (const name of names()) {
      const { size, mode } = statSync(path.join(folder, name));
      expect(size).toBeLessThanOrEqual(4_096);
      expect(mode & 0o777).toBe(0o600);
    }
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect([counted, reported]).toEqual([{ written: 1_000, lost: 0 }, []]);
  });

  test("a file takes lines up to its size, and the line that goes one byte past it begins the next", async () => {
    const fill = 4_096 - 2 * line.length;
    const padded = (more: number): ReturnType<typeof record> =>
      record({ reasons: [{ code: "ROLE_TOO_LOW", least: `admin${"x".repeat(fill + more)}` }] });
    const full = open();
    full.take(record());
    full.take(padded(0));
    await full.close();
    expect(names().map((name) => content(name).length)).toEqual([4_096]);
    const past = open();
    past.take(record());
    past.take(padded(1));
    await past.close();
    expect(names().map((name) => content(name).length)).toEqual([4_096, line.length, 4_097 - line.length]);
  });

  test("a line that is larger than a file may be gets a file of its own", async () => {
    const log = open();
    for (const least of ["a", "b".repeat(5_000), "c"]) log.take(record({ reasons: [{ code: "ROLE_TOO_LOW", least }] }));
    await log.close();
    expect(names().map((name) => content(name).trimEnd().split("\n").length)).toEqual([1, 1, 1]);
  });

  test("the oldest files go first, and no more are kept than so many full ones", async () => {
    const log = open({ files: 3 });
    for (const n of numbers(1_000)) log.take(record({ id: numbered(n) }));
    await log.close();
    const kept = ids();
    expect(names()).toHaveLength(3);
    expect(kept).toEqual(numbers(1_000).slice(-kept.length).map(numbered));
  });
});

describe("Two gateways of one folder", () => {
  test("write files of their own, and tear no line of each other's", async () => {
    const [one, other] = [open(), open()];
    for (const n of numbers(500)) {
      one.take(record({ id: numbered(2 * n) }));
      other.take(record({ id: numbered(2 * n + 1) }));
    }
    await Promise.all([one.close(), other.close()]);
    expect(ids().sort()).toEqual(numbers(1_000).map(numbered));
  });

  test("leave each other's files alone that may be open; one that nobody has touched for ten minutes goes", async () => {
    const quiet = open();
    quiet.take(record({ id: numbered(0) }));
    const [theirs] = await eventually(() => {
      expect(counted.written).toBe(1);
      return names();
    });
    const file = path.join(folder, theirs ?? "");
    now = new Date(Date.now() + 60_000);
    const busy = open({ files: 2 });
    const fill = async (log: DecisionLog): Promise<void> => {
      for (const n of numbers(100)) log.take(record({ version: n }));
      await log.close();
    };
    await fill(busy);
    expect(existsSync(file)).toBe(true);
    const long = new Date(now.getTime() - LIMITS.decisionOrphanMs - 1);
    utimesSync(file, long, long);
    await fill(open({ files: 2 }));
    expect(existsSync(file)).toBe(false);
    quiet.take(record({ id: numbered(1) }));
    await quiet.close();
    expect(ids()).toContain(numbered(1)); // its file was gone: it has begun another
  });
});

describe("A folder that cannot be made", () => {
  const lines = (): number => Math.floor(LIMITS.decisionQueueBytes / line.length);
  const mend = async (log: DecisionLog): Promise<void> => {
    rmSync(path.join(root, "log"));
    await eventually(() => expect(log.status().isFailing).toBe(false));
  };

  test("is reported once; lines wait up to the queue's bytes, one more is lost and counted; it goes on by itself", async () => {
    writeFileSync(path.join(root, "log"), "");
    const log = open({ maxBytes: 999_999_999 });
    log.start();
    await eventually(() => expect(log.status()).toEqual({ isFailing: true, refuses: false }));
    for (const n of numbers(lines())) log.take(record({ id: numbered(n) }));
    expect(counted).toEqual({ written: 0, lost: 0 });
    expect(log.take(record())).toBe(true);
    expect(counted).toEqual({ written: 0, lost: 1 });
    await mend(log);
    log.take(record({ id: numbered(lines()) }));
    await log.close();
    expect(ids()).toEqual(numbers(lines() + 1).map(numbered));
    expect(counted).toEqual({ written: lines() + 1, lost: 1 });
    const failing = { code: expect.stringMatching(/^E/), reason: expect.any(String) };
    expect(reported).toEqual([
      ["error", "decisions.failing", failing],
      ["warn", "decisions.kept", { lost: 1 }],
    ]);
  });

  test("with refuse nothing is taken, and so nothing is lost, until it can be made", async () => {
    writeFileSync(path.join(root, "log"), "");
    const log = open({ onFailure: "refuse" });
    log.start();
    await eventually(() => expect(log.status()).toEqual({ isFailing: true, refuses: true }));
    expect(log.take(record())).toBe(false);
    await mend(log);
    expect(log.take(record())).toBe(true);
    await log.close();
    expect([ids().length, counted]).toEqual([1, { written: 1, lost: 0 }]);
  });

  test("with refuse a queue that is full takes no more", () => {
    const log = open({ onFailure: "refuse", maxBytes: 999_999_999 });
    for (const n of numbers(lines())) expect(log.take(record({ id: numbered(n) }))).toBe(true);
    expect(log.take(record())).toBe(false);
    expect(counted.lost).toBe(0);
  });

  test("when the gateway stops: what could not be written is counted as lost", async () => {
    writeFileSync(path.join(root, "log"), "");
    const log = open();
    log.take(record());
    await log.close();
    expect(counted).toEqual({ written: 0, lost: 1 });
    expect(reported).toContainEqual(["error", "decisions.lost", { lost: 1 }]);
  });
});
