import { type Dispatcher, Pool } from "undici";
import { cannotDecide } from "../entities/errors.ts";

/** How long an idle connection is kept; OpenFGA itself keeps them longer. */
const KEEP_ALIVE_MS = 30_000;
/** A page of a hundred tuples is at most 100 kB. */
const ANSWER_BYTES = 1024 * 1024;

export interface HttpOptions {
  readonly apiUrl: string;
  readonly presharedKey: string | null;
  readonly connections: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** The lean way to OpenFGA. Every call has a deadline that covers all of it: the wait for a connection, connecting, the answer. */
export interface HttpChannel {
  /** Throws CANNOT_DECIDE when no whole answer came in time; what was sent may still be executed, at any later time. */
  call(method: "GET" | "POST", path: string, body: string | null, timeoutMs: number): Promise<HttpAnswer>;
  close(): Promise<void>;
}

export function openHttp(options: HttpOptions): HttpChannel {
  const base = new URL(options.apiUrl);
  const pool = new Pool(base.origin, {
    connections: options.connections,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxResponseSize: ANSWER_BYTES,
    headersTimeout: 0, // One deadline, ours: undici's own ones are coarse and leave out the wait for a connection.
    bodyTimeout: 0,
  });
  const prefix = base.pathname.replace(/\/$/, "");
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (options.presharedKey !== null) headers["authorization"] = `Bearer ${options.presharedKey}`;
  return {
    call: async (method, path, body, timeoutMs) =>
      await exchange(pool, { method, path: `${prefix}${path}`, body, headers }, timeoutMs),
    close: async () => await pool.destroy(),
  };
}

/** An answer that is larger than one may be; OpenFGA itself is well. */
export function isTooLarge(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && cause.code === "UND_ERR_RES_EXCEEDED_MAX_SIZE";
}

/** By `dispatch`: 0.05 ms of CPU a call, against 0.08 ms by `request`, which makes a stream and needs an AbortSignal each time. */
async function exchange(pool: Pool, request: Dispatcher.DispatchOptions, timeoutMs: number): Promise<HttpAnswer> {
  if (timeoutMs <= 0) throw cannotDecide("openfga", new Error("the deadline has passed"));
  return await new Promise((resolve, reject) => {
    const call: { controller?: Dispatcher.DispatchController; expired?: Error } = {};
    const chunks: Buffer[] = [];
    let status = 0;
    const timer = setTimeout(() => {
      call.expired = new Error(`no answer within ${timeoutMs} ms`);
      call.controller?.abort(call.expired); // its connection is closed with it
      reject(cannotDecide("openfga", call.expired));
    }, timeoutMs);
    pool.dispatch(request, {
      onRequestStart: (controller) => {
        call.controller = controller;
        // It waited for a connection until nobody waited for it any more: it is not sent at all.
        if (call.expired !== undefined) controller.abort(call.expired);
      },
      onResponseStart: (_controller, statusCode) => {
        status = statusCode;
      },
      onResponseData: (_controller, chunk) => {
        chunks.push(chunk);
      },
      onResponseEnd: () => {
        clearTimeout(timer);
        resolve({ status, text: (chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))?.toString("utf8") ?? "" });
      },
      onResponseError: (_controller, error) => {
        clearTimeout(timer);
        reject(cannotDecide("openfga", error));
      },
    });
  });
}

/** Its body as JSON. Throws CANNOT_DECIDE where it is none. */
export function parsed(answer: HttpAnswer): unknown {
  try {
    return JSON.parse(answer.text);
  } catch (error) {
    throw cannotDecide("openfga", error);
  }
}

export function unexpected(answer: HttpAnswer): Error {
  return cannotDecide("openfga", new Error(`OpenFGA answered ${answer.status}: ${answer.text.slice(0, 500)}`));
}
