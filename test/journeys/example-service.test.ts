/** examples/express-service: its README, word for word; then a Bailiwick that is gone, silent or answers rubbish: never open. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { runExample, type Running } from "../support/example-service.ts";
import { blocksIn, ROOT, runBlocks, settled } from "../support/shell-blocks.ts";

const README = readFileSync(path.join(ROOT, "examples/express-service/README.md"), "utf8");
const GUIDE = readFileSync(path.join(ROOT, "docs/checks.md"), "utf8");
const [WITH = "", WITHOUT = ""] = README.split("## Without Bailiwick");

describe("The one command", () => {
  const stateDir = mkdtempSync(path.join(tmpdir(), "bailiwick-example-"));
  let example: Running;
  let bailiwick: string;
  let service: string;

  beforeAll(async () => {
    example = runExample("run.ts", { PORT: "0", SERVICE_PORT: "0", STATE_DIR: stateDir });
    bailiwick = await example.until(/Bailiwick is ready on (\S+)/);
    service = await example.until(/The service is ready on (\S+)/);
    await example.until(/kill (\d+)/);
  });
  afterAll(async () => {
    await example.stop();
    rmSync(stateDir, { recursive: true, force: true });
  });

  const printed = async (markdown: string): Promise<string[]> => {
    const elsewhere = { "http://127.0.0.1:8081": service, ".bailiwick/example": stateDir };
    const printed = await runBlocks(blocksIn(markdown), { url: bailiwick, stateDir, cwd: ROOT, elsewhere });
    return printed.map(settled);
  };
  const promised = (markdown: string): string[] => blocksIn(markdown).map((block) => settled(block.printed));

  test("starts both, and the commands of the README print what it says: allowed, denied with codes, the list filtered", async () => {
    expect(blocksIn(WITH).length).toBeGreaterThan(2);
    expect(await printed(WITH)).toEqual(promised(WITH));
    expect(example.said()).toContain(`as dora ${service}/documents`);
  });

  test("docs/checks.md prints what it says, on the same example, and its code is the service's", async () => {
    expect(blocksIn(GUIDE).length).toBeGreaterThan(6);
    expect(await printed(GUIDE)).toEqual(promised(GUIDE));
    const guard = readFileSync(path.join(ROOT, "examples/express-service/guard.ts"), "utf8");
    const code = [...GUIDE.matchAll(/```ts\n(.*?)```/gs)].map(([, text = ""]) => text);
    expect([code.length, code.filter((text) => !guard.includes(text))]).toEqual([2, []]);
  });

  test("without Bailiwick every route is 503; ending it ends what is left", async () => {
    const [setting] = blocksIn(WITH);
    process.kill(Number(await example.until(/kill (\d+)/)), "SIGINT");
    await example.until(/(Bailiwick is gone)/);
    const lines = (setting?.commands ?? "").split("\n").slice(0, 2).join("\n");
    expect(await printed(`\`\`\`sh\n${lines}\n\`\`\`\n${WITHOUT}`)).toEqual(["", ...promised(WITHOUT)]);
    expect(await example.stop()).toBe(0);
    await expect(fetch(`${service}/documents`)).rejects.toThrow();
  });
});

type Fault = (response: ServerResponse) => void;

const TEXT = "What stands in the foundations.";
const YES = '{"decision":true,"results":[{"type":"document","id":"foundations"}],"page":{"next_token":"","count":1}}';

function says(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Fault {
  return (response) => void response.writeHead(status, headers).end(body);
}

describe("A Bailiwick that fails", () => {
  let asked: number;
  let fault: Fault;
  let service: Running;
  let at: string;
  const server = createServer((request, response) => {
    if (request.url === "/v1/me") return void response.end('{"alias":"dora"}');
    asked += 1;
    fault(response);
  });

  beforeAll(async () => {
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    service = runExample("service.ts", { BAILIWICK_URL: `http://127.0.0.1:${port}`, BAILIWICK_TOKEN: "t", PORT: "0" });
    at = await service.until(/is ready on (\S+)/);
  });
  afterAll(async () => {
    await service.stop();
    server.closeAllConnections();
    server.close();
  });

  const get = async (route: string): Promise<readonly [status: number, text: string]> => {
    asked = 0;
    const answer = await fetch(`${at}${route}`);
    return [answer.status, await answer.text()];
  };

  test.each<readonly [string, Fault, number]>([
    ["text", says(200, "yes"), 1],
    ["a page", says(200, "<html>decision: true</html>"), 1],
    ["nothing", says(200, ""), 1],
    ["no decision", says(200, "{}"), 1],
    ["a decision that is text", says(200, '{"decision":"true","results":"all","page":{}}'), 1],
    ["a decision that is a number", says(200, '{"decision":1}'), 1],
    ["a list", says(200, "[true]"), 1],
    ["a defect that says yes", says(500, YES), 1],
    ["an unknown token that says yes", says(401, YES), 1],
    ["a missing scope that says yes", says(403, YES), 1],
    ["503 that says yes", says(503, YES, { "retry-after": "0" }), 2],
    ["429 that says yes", says(429, YES, { "retry-after": "0" }), 2],
    ["503 for longer than there is time", says(503, YES, { "retry-after": "60" }), 1],
    ["a connection that breaks", (response) => void response.destroy(), 2],
    ["silence", () => undefined, 1],
  ])("%s: 503, and nothing is shown", async (_what, broken, times) => {
    fault = broken;
    for (const route of ["/documents/foundations", "/documents"]) {
      const [status, text] = await get(route);
      expect([route, status, asked]).toEqual([route, 503, times]);
      expect(text).not.toContain(TEXT);
    }
  });

  test("one 503 is asked again, and the second answer counts", async () => {
    const once503 = (then: string): Fault => {
      return (response) => {
        if (asked === 1) says(503, "", { "retry-after": "0" })(response);
        else says(200, then)(response);
      };
    };
    fault = once503(YES);
    expect(await get("/documents/foundations")).toEqual([200, expect.stringContaining(TEXT)]);
    expect(await get("/documents")).toEqual([200, expect.stringContaining(TEXT)]);
    fault = once503('{"decision":false,"context":{"reasons":[{"code":"NOT_RELATED"}],"id":"dec-1"}}');
    const refusal = { error: "forbidden", reasons: ["NOT_RELATED"], decision: "dec-1" };
    expect(await get("/documents/foundations")).toEqual([403, JSON.stringify(refusal)]);
  });
});
