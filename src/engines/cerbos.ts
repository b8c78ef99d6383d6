import { isDeepStrictEqual } from "node:util";
import { GRPC } from "@cerbos/grpc";
import { z } from "zod";
import { CANARY } from "../entities/canary.ts";
import { cannotDecide, type Reason } from "../entities/errors.ts";
import type { Judge, JudgeQuestion, Verdict } from "../entities/judge.ts";
import { inBatches, type Verdicts } from "./cerbos-batch.ts";

type CheckResult = Awaited<ReturnType<GRPC["checkResources"]>>["results"][number];
type CheckRequest = Parameters<GRPC["checkResources"]>[0];

export interface Cerbos {
  readonly judge: Judge;
  /** The unit that its canary tells; null: it has none, so that nobody knows what it serves. Throws CANNOT_DECIDE when it does not answer. */
  readonly unit: (timeoutMs: number) => Promise<string | null>;
  readonly close: () => void;
}

/** Cerbos takes 50 resources in a call by default; a question is two. */
const QUESTIONS_A_CALL = 25;

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
    judge: inBatches(async (questions, signal) => await askTogether(client, questions, signal), QUESTIONS_A_CALL),
    unit: async (timeoutMs) => await askCanary(client, AbortSignal.timeout(Math.ceil(timeoutMs))),
    close: () => client.close(),
  };
}

async function askTogether(
  client: GRPC,
  questions: readonly JudgeQuestion[],
  signal: AbortSignal,
): Promise<readonly (Verdicts | Error)[]> {
  try {
    const { results } = await client.checkResources(request(questions), { signal });
    const answers = results.values();
    return questions.map((question, place) => {
      const { actions } = question;
      const asked = namesOf(question, place);
      const floor = asked.floor === null ? null : wholly(asked.floor, actions, answers.next().value);
      const matrix = wholly(asked.matrix, actions, answers.next().value);
      if (floor === undefined || matrix === undefined)
        return new Error("an answer is missing, or about something else");
      return new Map(actions.map((action) => [action, verdict(action, floor, matrix)]));
    });
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    if (questions.length === 1) return [error];
    // One that Cerbos cannot read does not take the others with it.
    return (await Promise.all(questions.map(async (question) => await askTogether(client, [question], signal)))).flat();
  }
}

const INVALID_ARGUMENT = 3; // of gRPC

function isUnreadable(error: unknown): error is Error {
  return error instanceof Error && "code" in error && error.code === INVALID_ARGUMENT;
}

/** What is asked about, which an answer repeats. */
type Name = Pick<CheckResult["resource"], "kind" | "id" | "policyVersion">;

/** The ids say which question it is and nothing about it: no policy may read them. */
function namesOf(
  { kind, matrix, hasFloor = true }: JudgeQuestion,
  place: number,
): { readonly floor: Name | null; readonly matrix: Name } {
  const id = String(place);
  return {
    floor: hasFloor ? { kind: `${kind}_floor`, id, policyVersion: FLOOR_VERSION } : null,
    matrix: { kind, id, policyVersion: matrix },
  };
}

/** Cerbos is a pure function of this, its ids left out. Two resources a question, of one principal. */
function request(questions: readonly JudgeQuestion[]): CheckRequest {
  const [first] = questions;
  return {
    principal: { id: "subject", roles: [first?.role ?? "none"], attr: values(first?.subject ?? {}) },
    resources: questions.flatMap((question, place) => {
      const { floor, matrix } = namesOf(question, place);
      const attr = values(question.attributes);
      return [floor, matrix].flatMap((name) =>
        name === null ? [] : { resource: { ...name, attr }, actions: [...question.actions] },
      );
    }),
  };
}

type Values = NonNullable<CheckRequest["principal"]["attr"]>;

function values(attributes: Readonly<Record<string, unknown>>): Values {
  return attributes as Values; // JSON, all of it
}

/** The answer, where it is one to what was asked: about that, with a word on each action. An action that is left out is not denied. */
function wholly(asked: Name, actions: readonly string[], answer: CheckResult | undefined): CheckResult | undefined {
  if (answer === undefined) return undefined;
  const { kind, id, policyVersion } = answer.resource;
  const isAbout = kind === asked.kind && id === asked.id && policyVersion === asked.policyVersion;
  return isAbout && actions.every((action) => answer.isAllowed(action) !== undefined) ? answer : undefined;
}

/** @param floor null: the kind has none, and nothing stands in the way */
function verdict(action: string, floor: CheckResult | null, matrix: CheckResult): Verdict {
  const by = {
    matrix: matrix.isAllowed(action) === true ? [] : reasonsOf(action, matrix),
    floor: floor === null || floor.isAllowed(action) === true ? [] : reasonsOf(action, floor),
  };
  const reasons = distinct([...by.matrix, ...by.floor]);
  if (reasons.length === 0) return { allowed: true, refusedBy: null, reasons, ...by }; // no denial is without one
  return { allowed: false, refusedBy: by.matrix.length > 0 ? "matrix" : "floor", reasons, ...by };
}

/** A denial without a reason is a defect of the policy or of the facts; it stays a denial and says so. */
function reasonsOf(action: string, result: CheckResult): Reason[] {
  if (result.validationErrors.length > 0) {
    return result.validationErrors.map(({ path, message }) => {
      // What the caller sent wrongly is no defect of a policy.
      return { code: path.startsWith("/sent/") ? "SENT_INVALID" : "FACT_INVALID", fact: path, problem: message };
    });
  }
  const outputs = result.outputs.filter((output) => output.action === action).flatMap((output) => output.value);
  const reasons = ReasonsSchema.safeParse(outputs);
  return reasons.success && reasons.data.length > 0 ? reasons.data : [{ code: "NO_REASON_GIVEN" }];
}

/** Matrix and floor can give the same reason. Cerbos' members come in no order of their own. */
function distinct(reasons: readonly Reason[]): Reason[] {
  return reasons.filter((reason, index) => reasons.findIndex((other) => isDeepStrictEqual(other, reason)) === index);
}

async function askCanary(client: GRPC, signal: AbortSignal): Promise<string | null> {
  const { kind, action, version } = CANARY;
  try {
    const result = await client.checkResource(
      {
        principal: { id: "subject", roles: ["none"] },
        resource: { kind, id: "canary", policyVersion: version },
        actions: [action],
      },
      { signal },
    );
    const [unit] = result.outputs.map(({ value }) => value);
    return typeof unit === "string" ? unit : null;
  } catch (error) {
    throw cannotDecide("cerbos", error);
  }
}
