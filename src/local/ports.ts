import { once } from "node:events";
import { createServer } from "node:net";
import { LocalEngineError } from "./error.ts";

export const LOOPBACK = "127.0.0.1";

const MAX_ATTEMPTS = 3;

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, LOOPBACK);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a TCP server without a port");
  return address.port;
}

/** A random port can be taken by somebody else before the engine gets to it: then once more with another. A chosen one stays. */
export async function onFreePort<T>(wanted: readonly (number | undefined)[], start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      const isTaken = error instanceof LocalEngineError && error.code === "PORT_TAKEN";
      if (!isTaken || attempt === MAX_ATTEMPTS || !wanted.includes(undefined)) throw error;
    }
  }
}
