import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { AppError } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";
import { LINES_TYPE } from "./contract.ts";

/** A line as it came, by its number from 1; null: it is too long, or not UTF-8, and why. */
export interface Line {
  readonly number: number;
  readonly text: string | null;
  readonly problem: string;
}

const NEWLINE = 0x0a;

/**
 * The lines of the body as they come; empty ones are left out. No more is read than is asked for. Throws UNSUPPORTED_MEDIA_TYPE before
 * the first.
 */
export function linesOf(request: IncomingMessage): AsyncGenerator<Line, void, undefined> {
  const { "content-type": type = "", "content-encoding": encoding = "identity" } = request.headers;
  if (type.split(";")[0]?.trim().toLowerCase() !== LINES_TYPE || encoding.toLowerCase() !== "identity") {
    throw new AppError(
      "UNSUPPORTED_MEDIA_TYPE",
      `The body's Content-Type must be ${LINES_TYPE}, without a Content-Encoding.`,
    );
  }
  return split(request);
}

async function* split(request: AsyncIterable<Buffer>): AsyncGenerator<Line, void, undefined> {
  let number = 0;
  let held: Buffer[] = [];
  let size = 0;
  const line = (): Line => {
    number += 1;
    const read = lineOf(number, held, size);
    held = [];
    size = 0;
    return read;
  };
  for await (const chunk of request) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      size += end - start;
      if (size <= LIMITS.importLineBytes) held.push(chunk.subarray(start, end));
      start = end + 1;
      const read = line();
      if (read.text !== "") yield read;
    }
    size += chunk.length - start;
    if (size <= LIMITS.importLineBytes) held.push(chunk.subarray(start));
    else held = []; // too long already: nobody needs what it says
  }
  if (size > 0) yield line();
}

function lineOf(number: number, parts: readonly Buffer[], size: number): Line {
  if (size > LIMITS.importLineBytes) {
    return { number, text: null, problem: `expected at most ${LIMITS.importLineBytes} bytes in a line` };
  }
  const bytes = Buffer.concat(parts);
  if (!isUtf8(bytes)) return { number, text: null, problem: "expected UTF-8" };
  return { number, text: bytes.toString("utf8").trim(), problem: "" };
}
