import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { Pool } from "undici";

/** A load balancer as small as it can be: sends requests to whoever said last that it is ready, each once. */
export interface ReadyProxy {
  readonly url: string;
  /** Takes a gateway in; it gets requests as soon as it is ready. */
  add(gatewayUrl: string): void;
  /** Resolves when the gateway gets requests. */
  untilReady(gatewayUrl: string): Promise<void>;
  close(): Promise<void>;
}

const POLL_MS = 20;
/** So many in a row: one slow look is no reason to leave a gateway, as it is with real balancers. */
const REFUSALS = 3;

class Backend {
  readonly url: string;
  readonly pool: Pool;
  isReady = false;
  /** Resolves at the first time that it is ready. */
  readonly ready: Promise<void>;
  readonly #ended = new AbortController();

  constructor(url: string) {
    this.url = url;
    this.pool = new Pool(url, { connections: 16, pipelining: 1 });
    let tell = (): void => undefined;
    this.ready = new Promise((resolve) => {
      tell = resolve;
    });
    void this.#follow(tell);
  }

  /** One look after the other: an old answer never comes after a new one. */
  async #follow(tell: () => void): Promise<void> {
    let refusals = 0;
    while (!this.#ended.signal.aborted) {
      const status = await fetch(`${this.url}/readyz`).then(
        (answer) => answer.status,
        () => 0,
      );
      refusals = status === 200 ? 0 : refusals + 1;
      if (status === 200) this.isReady = true;
      else if (refusals >= REFUSALS) this.isReady = false;
      if (this.isReady) tell();
      await wait(POLL_MS);
    }
  }

  async end(): Promise<void> {
    this.#ended.abort();
    this.isReady = false;
    await this.pool.destroy();
  }
}

export async function startReadyProxy(): Promise<ReadyProxy> {
  const backends: Backend[] = [];
  let turn = 0;
  const next = (): Backend | undefined => {
    const ready = backends.filter(({ isReady }) => isReady);
    turn += 1;
    return ready[turn % ready.length];
  };
  const server = createServer((request, response) => {
    const backend = next();
    if (backend === undefined) response.writeHead(502).end("nobody is ready");
    else void forward(backend.pool, request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    add: (url) => void backends.push(new Backend(url)),
    untilReady: async (url) => await backends.find((backend) => backend.url === url)?.ready,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await Promise.all(backends.map(async (backend) => await backend.end()));
    },
  };
}

/** What fails on the way is the client's 502: nothing is sent twice. */
async function forward(pool: Pool, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = "GET", url: path = "/", headers } = request;
  try {
    const answer = await pool.request({
      method: method,
      path,
      headers: without(headers, "host", "connection"),
      body: request,
    });
    response.writeHead(answer.statusCode, without(answer.headers, "connection"));
    response.end(Buffer.from(await answer.body.arrayBuffer()));
  } catch (error) {
    response.writeHead(502).end(String(error));
  }
}

type Headers = IncomingMessage["headers"];

/** Headers that are about the connection are its own. */
function without(headers: Headers, ...names: readonly string[]): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}
