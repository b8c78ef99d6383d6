import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { once } from "node:events";
import { connect } from "node:net";
import { LIMITS } from "../../src/entities/limits.ts";
import { closeServer } from "../../src/http/server.ts";
import { type Sample, startSample } from "./sample-app.ts";

let sample: Sample;
beforeAll(async () => {
  sample = await startSample();
});
afterAll(async () => await sample.close());

/** Sends these bytes and gives everything that comes until the connection ends. */
async function raw(text: string): Promise<string> {
  const socket = connect(sample.port, "127.0.0.1").setEncoding("latin1");
  let came = "";
  socket.on("data", (chunk: string) => (came += chunk));
  socket.write(text);
  await once(socket, "close");
  return came;
}

const END = "Host: x\r\nConnection: close\r\n\r\n";

test("headers of the limit are read, larger ones are 431 with a problem document", async () => {
  const line = (size: number): string => `GET /livez HTTP/1.1\r\nX-Padding: ${"x".repeat(size)}\r\n${END}`;
  expect(await raw(line(LIMITS.headerBytes - 200))).toMatch(/^HTTP\/1.1 200 /);
  const refused = await raw(line(LIMITS.headerBytes));
  expect(refused).toMatch(/^HTTP\/1.1 431 /);
  expect(refused).toContain("application/problem+json");
  expect(refused).toContain('"code":"HEADERS_TOO_LARGE"');
});

test("bytes that are no HTTP are 400 with a problem document", async () => {
  const refused = await raw("hello\r\n\r\n");
  expect(refused).toMatch(/^HTTP\/1.1 400 /);
  expect(refused).toContain('"code":"BAD_REQUEST_SYNTAX"');
});

test.each([
  ["GET //%0 HTTP/1.1"],
  ["GET http://[ HTTP/1.1"],
  ["GET http://a:b/livez HTTP/1.1"],
  ["GET http:// HTTP/1.1"],
  ["GET //livez HTTP/1.1"],
  ["OPTIONS * HTTP/1.1"],
  ["GET /livez#x HTTP/1.1"],
  ["GET /v1/things/..%2f..%2flivez HTTP/1.1"],
])("%s is no defect of ours", async (requestLine) => {
  expect(await raw(`${requestLine}\r\n${END}`)).toMatch(/^HTTP\/1.1 [24]\d\d /);
});

test("a body that breaks off calls no route, and the next request is answered", async () => {
  const socket = connect(sample.port, "127.0.0.1");
  const head = "POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice\r\nX-Request-ID: broken\r\n";
  socket.write(`${head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"name":`);
  await once(socket, "connect");
  socket.end();
  await sample.lineWith("broken");
  expect(sample.calls).toEqual([]);
  expect((await sample.send({ path: "/livez" })).status).toBe(200);
});

test("after a body that was too large the same connection goes on", async () => {
  const head =
    "POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice\r\nContent-Type: application/json\r\n";
  const large = "x".repeat(LIMITS.bodyBytes + 1);
  const chunk = `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`;
  const answers = await raw(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk}GET /livez HTTP/1.1\r\n${END}`);
  expect(answers).toMatch(/^HTTP\/1.1 413 [\s\S]*HTTP\/1.1 200 /);
});

test("draining lets a request under way end, and ends one that does not", async () => {
  const own = await startSample();
  let arrived: () => void = () => undefined;
  const isThere = new Promise<void>((resolve) => (arrived = resolve));
  let release: () => void = () => undefined;
  own.checks.postgres = async () => {
    arrived();
    await new Promise<void>((resolve) => (release = resolve));
  };
  const slow = own.send({ path: "/readyz" });
  await isThere;
  const drained = closeServer(own.server, 10_000);
  release();
  expect((await slow).status).toBe(200);
  await drained;

  const other = await startSample();
  const idle = connect(other.port, "127.0.0.1");
  idle.write("POST /v1/things HTTP/1.1\r\nHost: x\r\n");
  await once(idle, "connect");
  idle.on("error", () => undefined);
  await closeServer(other.server, 1);
});
