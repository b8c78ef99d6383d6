import { isDeepStrictEqual } from "node:util";
import { GRPC } from "@cerbos/grpc";
import { z } from "zod";
import { cannotDecide, type Reason } from "../entities/errors.ts";
import type { Judge, JudgeQuestion, Verdict } from "../entities/judge.ts";

type CheckResponse = Awaited<ReturnType<GRPC["checkResources"]>>;
type CheckResult = CheckResponse["results"][number];
type CheckRequest = Parameters<GRPC["checkResources"]>[0];

export interface Cerbos {
  readonly judge: Judge;
  /** Throws CANNOT_DECIDE when Cerbos does not serve. */
  readonly ping: (timeoutMs: number) => Promise<void>;
  readonly close: () => void;
}

/** The floor has one version; the matrix is chosen by the organization. */
const FLOOR_VERSION = "default";

/** What a policy's output must be: a list of reasons, each with its code. */
const ReasonsSchema = z.array(z.looseObject({ code: z.string() }));

/** @param target `host:port` or `unix:path` of Cerbos' gRPC listener */
export function connectCerbos(target: string, tls: boolean): Cerbos {
  const client = new GRPC(target, {
    tls,
    channelOptions: {
      // A Cerbos that comes back is found again within a decision's deadline, not within gRPC's two minutes.
      "grpc.initial_reconnect_backoff_ms": 50,
      "grpc.max_reconnect_backoff_ms": 200,
      // A frozen one is told from a slow one, so that its connection is not kept for ever.
      "grpc.keepalive_time_ms": 10_000,
      "grpc.keepalive_timeout_ms": 2_000,
    },
  });
  return {
    judge: async (question, timeoutMs) => await ask(client, question, timeoutMs),
    ping: async (timeoutMs) => {
      await answered(client.checkHealth({}, { signal: AbortSignal.timeout(Math.ceil(timeoutMs)) }));
    },
    close: () => client.close(),
  };
}

async function ask(client: GRPC, question: JudgeQuestion, timeoutMs: number): Promise<ReadonlyMap<string, Verdict>> {
  if (timeoutMs <= 0) throw cannotDecide("cerbos", new Error("the deadline has passed"));
  const check = async (signal: AbortSignal): Promise<CheckResponse> =>
    await client.checkResources(request(question), { signal });
  const { results } = await answered(within(timeoutMs, check));
  const [floor, matrix] = results;
  if (floor === undefined || matrix === undefined) throw cannotDecide("cerbos", new Error("an answer is missing"));
  return new Map(question.actions.map((action) => [action, verdict(action, floor, matrix)]));
}

/** `AbortSignal.timeout` would fire for every call, the answered ones too: a fifth of what a call costs this process. */
async function within<Answer>(timeoutMs: number, call: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> {
  const expiry = new AbortController();
  const timer = setTimeout(() => expiry.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await call(expiry.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Cerbos is a pure function of this: ids say nothing, so equal facts make equal questions. */
function request(question: JudgeQuestion): CheckRequest {
  const attr = question.attributes as CheckRequest["resources"][number]["resource"]["attr"];
  const actions = [...question.actions];
  return {
    principal: { id: "subject", roles: [question.role] },
    resources: [
      { resource: { kind: `${question.kind}_floor`, id: "floor", policyVersion: FLOOR_VERSION, attr }, actions },
      { resource: { kind: question.kind, id: "matrix", policyVersion: question.matrix, attr }, actions },
    ],
  };
}

function verdict(action: string, floor: CheckResult, matrix: CheckResult): Verdict {
  const matrixAllows = matrix.isAllowed(action) === true;
  const floorAllows = floor.isAllowed(action) === true;
  if (matrixAllows && floorAllows) return { allowed: true, refusedBy: null, reasons: [] };
  const reasons = [
    ...(matrixAllows ? [] : reasonsOf(action, matrix)),
    ...(floorAllows ? [] : reasonsOf(action, floor)),
  ];
  return { allowed: false, refusedBy: matrixAllows ? "floor" : "matrix", reasons: distinct(reasons) };
}

/** A denial without a reason is a defect of the policy or of the facts; it stays a denial and says so. */
function reasonsOf(action: string, result: CheckResult): Reason[] {
  if (result.validationErrors.length > 0) {
    return result.validationErrors.map((error) => ({ code: "FACT_INVALID", fact: error.path, problem: error.message }));
  }
  const outputs = result.outputs.filter((output) => output.action === action).flatMap((output) => output.value);
  const reasons = ReasonsSchema.safeParse(outputs);
  return reasons.success && reasons.data.length > 0 ? reasons.data : [{ code: "NO_REASON_GIVEN" }];
}

/** Matrix and floor can give the same reason. Cerbos' members come in no order of their own. */
function distinct(reasons: readonly Reason[]): Reason[] {
  return reasons.filter((reason, index) => reasons.findIndex((other) => isDeepStrictEqual(other, reason)) === index);
}

async function answered<Answer>(call: Promise<Answer>): Promise<Answer> {
  try {
    return await call;
  } catch (error) {
    throw cannotDecide("cerbos", error);
  }
}
