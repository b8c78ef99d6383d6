/** `npm run example`: Bailiwick with the document tree, its people and entities, and the service beside it. Ctrl-C ends both. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

const ROOT = path.resolve(import.meta.dirname, "../..");
const TREE = path.join(ROOT, "examples/document-tree");
const { STATE_DIR = path.join(ROOT, ".bailiwick/example"), PORT = "8080", SERVICE_PORT = "8081" } = process.env;
const MEMBERS = { anna: "admin", lena: "member", carl: "member", finn: "member", dora: "viewer" };

/** Starts it, and gives the address that it says it is ready on. */
async function started(file: string, env: NodeJS.ProcessEnv): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [file], { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
  process.once("exit", () => child.kill());
  const url = new Promise<string>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`${file} ended (${code ?? "killed"})`)));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        const [, address] = /is ready on (\S+)/.exec(text) ?? [];
        if (address !== undefined) resolve(address);
        process.stderr.write(text.replace(/^Next, in another terminal.*\n/m, ""));
      });
    }
  });
  return { child, url: await url };
}

async function token(...args: readonly string[]): Promise<string> {
  const env = { ...process.env, STATE_DIR };
  const { stdout } = await promisify(execFile)(process.execPath, ["src/local/token.ts", ...args], { cwd: ROOT, env });
  return stdout.trim();
}

interface Call {
  readonly by: string;
  readonly method?: string;
  readonly type?: string;
  readonly body?: string;
}

async function call(url: string, { by, method = "POST", type = "application/json", body }: Call): Promise<string> {
  const headers = { authorization: `Bearer ${by}`, "content-type": type };
  const answer = await fetch(url, { method, headers, ...(body !== undefined && { body }) });
  const text = await answer.text();
  // Who has run it before finds all of it there.
  if (!answer.ok && answer.status !== 409) throw new Error(`${url}: ${answer.status} ${text}`);
  return text;
}

async function load(bailiwick: string, keeper: string): Promise<void> {
  const harbour = `${bailiwick}/v1/organizations/harbour`;
  const olga = await token("olga");
  await call(`${bailiwick}/v1/organizations`, { by: olga, body: JSON.stringify({ slug: "harbour", name: "Harbour" }) });
  for (const [alias, role] of Object.entries(MEMBERS)) {
    const person = await token(alias);
    await call(`${bailiwick}/v1/me`, { by: person, method: "GET" }); // who has made a call is known
    const invited = await call(`${harbour}/invitations`, { by: olga, body: JSON.stringify({ alias, role }) });
    const { id } = JSON.parse(invited) as { id?: string };
    if (id !== undefined) await call(`${bailiwick}/v1/invitations/${id}/accept`, { by: person });
  }
  const body = await readFile(path.join(TREE, "entities.ndjson"), "utf8");
  const report = await call(`${harbour}/entities`, { by: keeper, type: "application/x-ndjson", body });
  if (!report.includes('"refused":0')) throw new Error(report);
}

function introduction(service: string, pid: number | undefined): string {
  return `
Try it in another terminal, in this folder (Ctrl-C here ends both):
  export STATE_DIR=${path.relative(process.cwd(), STATE_DIR)}
  as() { curl -s -w ' [%{http_code}]\\n' -H "Authorization: Bearer $(npm run -s token -- "$1")" "\${@:2}"; }
  as dora ${service}/documents
  as dora ${service}/documents/foundations
  as finn ${service}/documents/foundations
  as carl -X PUT ${service}/documents/foundations/lock
  kill ${pid ?? ""}   # ends Bailiwick alone: the service answers 503
`;
}

const environment = { ...process.env, STATE_DIR, HOST_POLICIES: path.join(TREE, "policies"), LOG_LEVEL: "error", PORT };
const bailiwick = await started("src/main.ts", environment);
const scopes = ["authz:evaluate", "authz:search", "entities:write"].flatMap((scope) => ["--scope", scope]);
const keeper = await token("--service", "documents", ...scopes, "--organization", "harbour", "--expires", "86400");
await load(bailiwick.url, keeper);
const own = { ...process.env, BAILIWICK_URL: bailiwick.url, BAILIWICK_TOKEN: keeper, PORT: SERVICE_PORT };
const service = await started("examples/express-service/service.ts", own);
console.log(introduction(service.url, bailiwick.child.pid));

const gone = once(bailiwick.child, "exit");
void gone.then(() => console.log("Bailiwick is gone."));
await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM"), once(service.child, "exit")]);
service.child.kill();
bailiwick.child.kill("SIGINT");
await gone;
process.exit();
