import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import type { Express } from "express";
import { LIMITS } from "../entities/limits.ts";
import { problem, type Problem } from "./problem.ts";

/** The HTTP server around the gateway, with the bounds that hold before a request is one. */
export function createHttpServer(app: Express): Server {
  const server = createServer(
    // Bodies have a time of their own (body.ts); an import takes longer than any.
    { maxHeaderSize: LIMITS.headerBytes, headersTimeout: LIMITS.headersMs, requestTimeout: LIMITS.importMs },
    app,
  );
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => refuse(error, socket));
  return server;
}

/** Answers what Node's parser refuses: there is no request yet, hence nothing but the socket to write to. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
  const document = problemOf(error.code);
  const body = JSON.stringify(document);
  const lines = [
    `HTTP/1.1 ${document.status} ${document.title}`,
    "Connection: close",
    "Cache-Control: no-store",
    "Content-Type: application/problem+json",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
}

function problemOf(code: string | undefined): Problem {
  if (code === "HPE_HEADER_OVERFLOW") {
    return problem("HEADERS_TOO_LARGE", `All headers together have at most ${LIMITS.headerBytes} bytes.`);
  }
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return problem("REQUEST_TIMEOUT", `A request arrives within ${LIMITS.importMs} ms.`);
  }
  return problem("BAD_REQUEST_SYNTAX", "The bytes that came are not an HTTP request.");
}

/** Whether the gateway still takes new work. */
export interface Drain {
  readonly isDraining: boolean;
  /** From now on `/readyz` says no, and each answer asks its client to close the connection and come to another gateway. */
  begin(): void;
}

export function createDrain(): Drain {
  let isDraining = false;
  return {
    get isDraining() {
      return isDraining;
    },
    begin: () => {
      isDraining = true;
    },
  };
}

/** Lets the requests under way end, and ends them after `graceMs`. Resolves when the last connection is closed. */
export async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  const patience = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(patience);
}
