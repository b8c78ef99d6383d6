import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, connect, type Socket } from "node:net";

/** Which half of the traffic: what clients send, or what the server answers. */
export type Direction = "requests" | "answers";

/** Stands between a client and a server and makes the network's faults happen, when a test says so. */
export interface TcpProxy {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Keeps back what comes from here on and has this text in it, and what follows on its connection. Resolves when there is some. */
  hold(direction: Direction, text: string): Promise<void>;
  /** Keeps nothing more back. What is held stays held, also after its client has given up. */
  pass(): void;
  /** Sends the held requests after all, and resolves when the server has answered each. */
  release(): Promise<void>;
  /** What the server answers arrives so much later, or as other bytes, until `mend`. */
  slow(ms: number): void;
  garble(): void;
  /** Nothing passes any more, either way, until `mend`, which closes what was stopped. */
  freeze(): void;
  /** Closes every connection, and new ones at once, until `mend`. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  readonly requests: Buffer[]; // held
  holdsAnswers: boolean;
  isDelivering: boolean;
  /** Something of it was lost on the way. */
  isStopped: boolean;
}

export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const links = new Set<Link>();
  let rule: { direction: Direction; text: string; caught: () => void } | undefined;
  let isCut = false;
  let isFrozen = false;
  let isGarbled = false;
  let delayMs = 0;

  const answer = (link: Link, chunk: Buffer): void => {
    const bytes = isGarbled ? randomBytes(chunk.length) : chunk;
    if (delayMs === 0) link.client.write(bytes);
    else setTimeout(() => link.client.write(bytes), delayMs).unref();
  };
  const catches = (direction: Direction, chunk: Buffer): boolean => {
    if (rule?.direction !== direction || !chunk.includes(rule.text)) return false;
    rule.caught();
    return true;
  };
  const listener = createServer((client) => {
    if (isCut) return void client.destroy();
    const server = connect(Number(port), hostname);
    const link: Link = { client, server, requests: [], holdsAnswers: false, isDelivering: false, isStopped: false };
    links.add(link);
    client.on("data", (chunk) => {
      if (isFrozen) link.isStopped = true;
      if (link.isStopped) return;
      if (link.requests.length > 0 || catches("requests", chunk)) link.requests.push(chunk);
      else server.write(chunk);
    });
    server.on("data", (chunk) => {
      if (isFrozen) link.isStopped = true;
      link.holdsAnswers ||= catches("answers", chunk);
      if (!link.holdsAnswers && !link.isStopped) answer(link, chunk);
    });
    client
      .on("error", () => undefined)
      .on("close", () => {
        if (link.requests.length > 0 || link.isDelivering) return; // The client gave up; what it sent is still on its way.
        server.destroy();
      });
    server
      .on("error", () => undefined)
      .on("close", () => {
        links.delete(link);
        client.destroy();
      });
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("a TCP proxy without a port");

  const cut = (): void => {
    isCut = true;
    for (const { client, server } of links) {
      client.destroy();
      server.destroy();
    }
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    hold: async (direction, text) =>
      await new Promise((caught) => {
        rule = { direction, text, caught };
      }),
    pass: () => {
      rule = undefined;
    },
    release: async () => {
      const held = [...links].filter((link) => link.requests.length > 0);
      await Promise.all(held.map(deliver));
    },
    slow: (ms) => {
      delayMs = ms;
    },
    garble: () => {
      isGarbled = true;
    },
    freeze: () => {
      isFrozen = true;
    },
    cut,
    mend: () => {
      isCut = isFrozen = isGarbled = false;
      delayMs = 0;
      for (const link of links) {
        if (!link.isStopped) continue;
        link.client.destroy();
        link.server.destroy();
      }
    },
    close: async () => {
      cut();
      listener.close();
      await once(listener, "close");
    },
  };
}

async function deliver(link: Link): Promise<void> {
  const { client, server, requests } = link;
  link.isDelivering = true;
  const answered = once(server, "data");
  for (const chunk of requests.splice(0)) server.write(chunk);
  await answered;
  link.isDelivering = false;
  if (client.destroyed) server.destroy();
}
