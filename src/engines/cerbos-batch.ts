import { cannotDecide } from "../entities/errors.ts";
import type { Judge, JudgeQuestion, Verdict } from "../entities/judge.ts";

export type Verdicts = ReadonlyMap<string, Verdict>;

/** One call about questions of one principal, its role and what is stored about it: an answer for each, in their order, or what was wrong with that one alone. */
export type SendBatch = (
  questions: readonly JudgeQuestion[],
  signal: AbortSignal,
) => Promise<readonly (Verdicts | Error)[]>;

interface Batch {
  readonly questions: JudgeQuestion[];
  /** Where each stands among them. */
  readonly places: Map<string, number>;
  readonly answers: Promise<readonly (Verdicts | Error)[]>;
  readonly expiry: AbortController;
  /** Questions whose deadline has not passed. */
  patient: number;
}

/**
 * Puts what one turn of the event loop asks about one principal into one call: a call costs more than what is asked in it. A lone
 * question waits for nothing. What is asked twice is asked once: policies are pure functions of their input. Each question keeps its own deadline; the call is given up when all of them have passed.
 * @param most questions in one call
 */
export function inBatches(send: SendBatch, most: number): Judge {
  const gathering = new Map<string, Batch>();
  const begin = (principal: string): Batch => {
    const questions: JudgeQuestion[] = [];
    const expiry = new AbortController();
    const turnEnds = new Promise<void>((resolve) => setImmediate(resolve));
    const answers = turnEnds
      .then(async () => {
        if (gathering.get(principal) === batch) gathering.delete(principal);
        return await send(questions, expiry.signal);
      })
      .catch((error: unknown) => {
        throw cannotDecide("cerbos", error);
      });
    const batch: Batch = { questions, places: new Map(), answers, expiry, patient: 0 };
    gathering.set(principal, batch);
    return batch;
  };
  return async (question, timeoutMs) => {
    if (timeoutMs <= 0) throw cannotDecide("cerbos", new Error("the deadline has passed"));
    const principal = principalOf(question);
    const open = gathering.get(principal);
    const batch = open === undefined || open.questions.length >= most ? begin(principal) : open;
    const place = placeIn(batch, question);
    const answer = (await within(batch, timeoutMs))[place];
    if (answer instanceof Map) return answer as Verdicts;
    throw cannotDecide("cerbos", answer ?? new Error("an answer is missing"));
  };
}

/** A call has one principal; nearly all have a role and nothing else. */
function principalOf({ role, subject }: JudgeQuestion): string {
  return subject === undefined ? role : `${role} ${JSON.stringify(subject)}`;
}

function placeIn({ questions, places }: Batch, question: JudgeQuestion): number {
  const { kind, matrix, actions, attributes, hasFloor } = question;
  const key = JSON.stringify([kind, matrix, actions, hasFloor, attributes]);
  const place = places.get(key) ?? questions.push(question) - 1;
  places.set(key, place);
  return place;
}

async function within(batch: Batch, timeoutMs: number): Promise<readonly (Verdicts | Error)[]> {
  batch.patient += 1;
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const late = new Error(`no answer within ${timeoutMs} ms`);
      batch.patient -= 1;
      if (batch.patient === 0) batch.expiry.abort(late);
      reject(cannotDecide("cerbos", late));
    }, timeoutMs);
  });
  return await Promise.race([batch.answers, expired]).finally(() => clearTimeout(timer));
}
