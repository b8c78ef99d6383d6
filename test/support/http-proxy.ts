import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";

/** What a server's answer becomes on its way back; undefined: it stays as it is. */
export type Tamper = (path: string, body: string) => string | undefined;

/** Stands between a client and an HTTP server, and puts other bodies into its answers. */
export interface HttpProxy {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  tamper(how: Tamper | undefined): void;
  close(): Promise<void>;
}

export async function startHttpProxy(target: string): Promise<HttpProxy> {
  let how: Tamper | undefined;
  const server = createServer((request, response) => {
    const pass = async (): Promise<void> => {
      const { method = "GET", url = "/", headers } = request;
      const sent = await text(request);
      const answer = await fetch(`${target}${url}`, {
        method,
        headers: { "content-type": "application/json", authorization: headers.authorization ?? "" },
        ...(sent === "" ? {} : { body: sent }),
      });
      const body = await answer.text();
      response.writeHead(answer.status, { "content-type": "application/json" }).end(how?.(url, body) ?? body);
    };
    pass().catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("an HTTP proxy without a port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    tamper: (given) => {
      how = given;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
