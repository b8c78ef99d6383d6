import { describe, expect, test } from "@jest/globals";
import { once } from "node:events";
import { createServer } from "node:net";
import { NotReached } from "../../src/entities/reach.ts";
import { reachPostgres } from "../../src/stores/reach.ts";
import { testEngines } from "../support/test-engines.ts";

/** A server that answers everybody who connects with this error, as Postgres words it: fields, each with its letter and a zero. */
async function refusing(code: string, message: string): Promise<{ url: string; close: () => void }> {
  const fields = Buffer.from([`SFATAL`, `VFATAL`, `C${code}`, `M${message}`, ""].map((field) => `${field}\0`).join(""));
  const head = Buffer.alloc(5);
  head.write("E");
  head.writeInt32BE(fields.length + 4, 1);
  const server = createServer((socket) => {
    socket.on("error", () => undefined).once("data", () => socket.end(Buffer.concat([head, fields])));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { url: `postgres://u:p@127.0.0.1:${address.port}/x`, close: () => server.close() };
}

describe("A Postgres", () => {
  test("that lets one in is reached", async () => {
    await expect(reachPostgres(testEngines().databaseUrl, 5_000)).resolves.toBeUndefined();
  });

  test.each([
    ["57P03", "the database system is starting up"],
    ["57P01", "terminating connection due to administrator command"],
  ])("that says %s, %s, is not there yet", async (code, message) => {
    const { url, close } = await refusing(code, message);
    await expect(reachPostgres(url, 5_000)).rejects.toMatchObject({ name: "NotReached", message });
    close();
  });

  test.each([
    ["28P01", "password authentication failed"],
    ["3D000", "database does not exist"],
    ["53300", "too many connections"],
  ])("that says %s, %s, is there", async (code, message) => {
    const { url, close } = await refusing(code, message);
    await expect(reachPostgres(url, 5_000)).rejects.toMatchObject({ name: "error", code });
    close();
  });

  test("that accepts and says nothing is not there yet", async () => {
    const server = createServer((socket) => void socket.resume());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    await expect(reachPostgres(`postgres://u:p@127.0.0.1:${port}/x`, 100)).rejects.toThrow(NotReached);
    server.close();
  });
});
