/** What the load generator sends, and what it must get back; the words between the bench and its generator process. */
export interface Exchange {
  readonly token: string;
  readonly method: "GET" | "POST" | "PATCH";
  readonly path: string;
  readonly body?: object;
  readonly expected: Expected;
}

export interface Expected {
  readonly status: number;
  /** Members that the answer's body has with exactly these values. */
  readonly members: Readonly<Record<string, unknown>>;
  /** The codes of `context.reasons`, in any order; absent: not looked at. */
  readonly reasons?: readonly string[];
  /** Of a batch, in its order; absent: it is none. */
  readonly decisions?: readonly boolean[];
}

export interface Load {
  readonly origin: string;
  /** One connection each: one exchange after the other, from the beginning again at the end. */
  readonly lanes: readonly (readonly Exchange[])[];
  readonly seconds: number;
}

export interface Measured {
  readonly seconds: number;
  /** What the generator itself used meanwhile. */
  readonly cpuMs: number;
  /** Milliseconds, one for each answer. */
  readonly latencies: Float64Array;
  /** Answers that said `Bailiwick-Graph: pending`. */
  readonly pending: number;
  /** 503 CANNOT_DECIDE: no answer, and not counted as one. A machine that is busy with something else makes some. */
  readonly undecided: number;
  readonly wrong: number;
  /** The first wrong ones, for people. */
  readonly complaints: readonly string[];
}
