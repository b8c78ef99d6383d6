/** The load generator, a process of its own (bench/load.ts forks it): keeps each lane busy and checks every answer. */
import { isDeepStrictEqual } from "node:util";
import { Client } from "undici";
import type { Exchange, Load, Measured } from "./exchange.ts";

const COMPLAINTS = 5;
const PATIENCE_MS = 10_000;

interface Answer {
  readonly status: number;
  readonly pending: boolean;
  readonly text: string;
}

class Tally {
  readonly latencies: number[] = [];
  readonly complaints: string[] = [];
  pending = 0;
  undecided = 0;
  wrong = 0;

  add(latency: number, answer: Answer, problem: string | undefined): void {
    if (answer.status === 503) {
      this.undecided += 1;
      return;
    }
    this.latencies.push(latency);
    if (answer.pending) this.pending += 1;
    if (problem === undefined) return;
    this.wrong += 1;
    if (this.complaints.length < COMPLAINTS) this.complaints.push(problem);
  }
}

async function generate({ origin, lanes, seconds }: Load): Promise<Measured> {
  const tally = new Tally();
  const before = process.cpuUsage();
  const start = performance.now();
  const end = start + seconds * 1_000;
  await Promise.all(
    lanes.map(async (lane) => {
      const client = new Client(origin, { pipelining: 1, headersTimeout: PATIENCE_MS });
      await drive(client, lane, end, tally);
      await client.close();
    }),
  );
  const took = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(before);
  const { pending, undecided, wrong, complaints } = tally;
  const cpuMs = (user + system) / 1_000;
  return { seconds: took, cpuMs, latencies: Float64Array.from(tally.latencies), pending, undecided, wrong, complaints };
}

async function drive(client: Client, lane: readonly Exchange[], end: number, tally: Tally): Promise<void> {
  if (lane.length === 0) throw new Error("a lane without exchanges");
  for (;;) {
    for (const exchange of lane) {
      const start = performance.now();
      if (start >= end) return;
      const answer = await send(client, exchange);
      tally.add(performance.now() - start, answer, problemWith(answer, exchange));
    }
  }
}

/** By `dispatch`: what the generator costs is taken from the two programs that are compared. */
async function send(client: Client, { method, path, token, body }: Exchange): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return await new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let status = 0;
    let pending = false;
    const request = { method, path, headers, body: body === undefined ? null : JSON.stringify(body) };
    client.dispatch(request, {
      onRequestStart: () => undefined, // undici insists on it
      onResponseStart: (_controller, statusCode, answered) => {
        status = statusCode;
        pending = answered["bailiwick-graph"] === "pending";
      },
      onResponseData: (_controller, chunk) => {
        chunks.push(chunk);
      },
      onResponseEnd: () => resolve({ status, pending, text: Buffer.concat(chunks).toString("utf8") }),
      onResponseError: (_controller, error) => reject(error),
    });
  });
}

function problemWith(answer: Answer, { method, path, body, expected }: Exchange): string | undefined {
  const isRight = answer.status === expected.status && isExpected(answer.text, expected);
  if (isRight) return undefined;
  const asked = `${method} ${path} ${JSON.stringify(body)}`;
  return `${asked}\n    expected ${JSON.stringify(expected)}\n    answered ${answer.status} ${answer.text}`;
}

function isExpected(text: string, { members, reasons, decisions }: Exchange["expected"]): boolean {
  const body = JSON.parse(text) as Record<string, unknown>;
  if (decisions !== undefined && !isDeepStrictEqual(decisionsOf(body), decisions)) return false;
  if (Object.entries(members).some(([name, value]) => !isDeepStrictEqual(body[name], value))) return false;
  return reasons === undefined || isDeepStrictEqual(codesOf(body).sort(), [...reasons].sort());
}

function codesOf(body: { context?: { reasons?: readonly { code?: unknown }[] } }): string[] {
  return (body.context?.reasons ?? []).map(({ code }) => String(code));
}

function decisionsOf(body: { evaluations?: readonly { decision?: unknown }[] }): unknown[] {
  return (body.evaluations ?? []).map(({ decision }) => decision);
}

process.once("message", (load: Load) => {
  void generate(load).then((measured) => {
    process.send?.(measured);
  });
});
process.once("disconnect", () => process.exit());
