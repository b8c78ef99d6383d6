import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { AppError } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";
import { isDeeper } from "./depth.ts";
import { invalid } from "./invalid.ts";

const JSON_TYPE = /^application\/json[\t ]*(;|$)/i;

/** How much of a body there may be. */
export interface BodyLimits {
  readonly bytes: number;
  /** Objects and lists within each other, the body being the first. */
  readonly depth: number | null; // null: as it likes
}

/**
 * Reads the whole body as JSON; undefined when there is none. Written here because ids are compared byte by byte: the usual parser
 * replaces bytes that are not UTF-8 silently. Throws BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, MALFORMED_JSON, and INVALID_REQUEST for
 * one that is too deep.
 */
export async function readJson(request: IncomingMessage, limits: BodyLimits): Promise<unknown> {
  const { "content-length": length, "transfer-encoding": chunked } = request.headers;
  if (chunked === undefined && (length === undefined || length === "0")) return undefined;
  if (Number(length) > limits.bytes) throw tooLarge(limits);
  const bytes = await readBytes(request, limits);
  if (bytes.length === 0) return undefined;
  requireJson(request);
  const body = parse(bytes);
  if (limits.depth !== null && isDeeper(body, limits.depth)) {
    throw invalid("body", `expected objects and lists at most ${limits.depth} deep in each other`);
  }
  return body;
}

function requireJson(request: IncomingMessage): void {
  const { "content-type": type, "content-encoding": encoding } = request.headers;
  if (type === undefined || !JSON_TYPE.test(type)) {
    throw new AppError("UNSUPPORTED_MEDIA_TYPE", "The body's Content-Type must be application/json.");
  }
  // A compressed body has no size that a limit could hold before it is read.
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
    throw new AppError("UNSUPPORTED_MEDIA_TYPE", "A body with a Content-Encoding is not understood.");
  }
}

function parse(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new AppError("MALFORMED_JSON", "The body is not UTF-8.");
  try {
    return JSON.parse(bytes.toString("utf8")) as unknown;
  } catch (cause) {
    throw new AppError("MALFORMED_JSON", "The body is not well-formed JSON.", { cause });
  }
}

function tooLarge({ bytes }: BodyLimits): AppError {
  return new AppError("BODY_TOO_LARGE", `This body may have at most ${bytes} bytes.`);
}

async function readBytes(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const late = setTimeout(() => {
      settle(() => reject(new AppError("REQUEST_TIMEOUT", `A body arrives within ${LIMITS.requestMs} ms.`)));
    }, LIMITS.requestMs);
    const settle = (settled: () => void): void => {
      clearTimeout(late);
      request.off("data", onData).off("end", onEnd).off("error", onBreak).off("close", onBreak);
      settled();
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= limits.bytes) return void chunks.push(chunk);
      settle(() => {
        request.resume(); // The rest is dropped as it comes, so that the connection can be used again.
        reject(tooLarge(limits));
      });
    };
    const onEnd = (): void => settle(() => resolve(Buffer.concat(chunks, size)));
    const onBreak = (): void =>
      settle(() => reject(new AppError("INVALID_REQUEST", "The connection broke off within the body.")));
    request.on("data", onData).on("end", onEnd).on("error", onBreak).on("close", onBreak);
  });
}
