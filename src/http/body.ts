import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { AppError } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";

const JSON_TYPE = /^application\/json[\t ]*(;|$)/i;

/**
 * Reads the whole body as JSON; undefined when there is none. Written here because ids are compared byte by byte: the usual parser
 * replaces bytes that are not UTF-8 silently. Throws BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE and MALFORMED_JSON.
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const { "content-length": length, "transfer-encoding": chunked } = request.headers;
  if (chunked === undefined && (length === undefined || length === "0")) return undefined;
  if (Number(length) > LIMITS.bodyBytes) throw tooLarge();
  const bytes = await readBytes(request);
  if (bytes.length === 0) return undefined;
  requireJson(request);
  return parse(bytes);
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

function tooLarge(): AppError {
  return new AppError("BODY_TOO_LARGE", `A body has at most ${LIMITS.bodyBytes} bytes.`);
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (settled: () => void): void => {
      request.off("data", onData).off("end", onEnd).off("error", onBreak).off("close", onBreak);
      settled();
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= LIMITS.bodyBytes) return void chunks.push(chunk);
      settle(() => {
        request.resume(); // The rest is dropped as it comes, so that the connection can be used again.
        reject(tooLarge());
      });
    };
    const onEnd = (): void => settle(() => resolve(Buffer.concat(chunks, size)));
    const onBreak = (): void =>
      settle(() => reject(new AppError("INVALID_REQUEST", "The connection broke off within the body.")));
    request.on("data", onData).on("end", onEnd).on("error", onBreak).on("close", onBreak);
  });
}
