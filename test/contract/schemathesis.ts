/**
 * `npm run test:contract`, and a part of `npm run test:full`: Schemathesis reads openapi.yaml as an integrator would and sends what
 * it allows and what it forbids, as four callers. No 5xx but the documented 503, no answer that the contract does not promise, no
 * forbidden request that is let through. Exit status 1 when something is found, or when too little was sent.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startGateway } from "../../src/assemble.ts";
import { readConfig } from "../../src/config.ts";
import { createLog } from "../../src/http/log.ts";
import { loadDevelopmentIssuer } from "../../src/local/issuer.ts";
import { startDns } from "../support/dns.ts";
import { populate, type Population, type Role, ROLES } from "./population.ts";
import { schemathesisPython } from "./python.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const SEED = 20_261_121;
const LEAST_REQUESTS = 5_000;
const MOST_EXAMPLES = 40; // for an operation and a caller

/** The gateway's, beside its state directory: a busy machine is no fault to be found here. */
const SETTINGS: Readonly<Record<string, string>> = {
  PORT: "0",
  DECISION_TIMEOUT_MS: "5000",
  GRAPH_READ_TIMEOUT_MS: "2000",
  CHANGE_TIMEOUT_MS: "20000",
  HOST_POLICIES: path.join(ROOT, "examples/document-tree/policies"),
  RATE_CALLER_QUESTIONS: "0",
  RATE_CALLER_CHANGES: "0",
  RATE_ORGANIZATION_QUESTIONS: "0",
  RATE_ORGANIZATION_CHANGES: "0",
};

/** How often a generated value is one of those that exist. */
const REAL = 0.7;

/** Never 403 or 409: what the contract forbids is refused before anybody asks what the caller may do. */
const REJECTIONS = ["400", "401", "404", "405", "413", "415", "431"];

/** Schemathesis reads YAML and would hold what the document says against a schema that promises text. Lines are refused one by one. */
const EXCEPTIONS = `
[[operations]]
include-operation-id = "importEntities"
[operations.checks]
negative_data_rejection = { enabled = false }
[[operations]]
include-path = "/openapi.yaml"
[operations.checks]
response_schema_conformance = { enabled = false }`;

/** Where the contract's generated values are replaced by real ones; `body.id` in a check may be any of them. */
function dictionaries(real: Population): string {
  const {
    slugs,
    anchors,
    kids,
    clientKeys,
    connectors,
    domains,
    sectors,
    aliases,
    invitations,
    transfers,
    clients,
    entities,
  } = real;
  const owned = { kids, clientKeys, connectors, domains };
  const lists = { slugs, anchors, ...owned, sectors, aliases, invitations, transfers, clients, entities };
  const ofId = {
    ...{ sectors: "/sectors/", invitations: "/invitations/" },
    ...{
      transfers: "/transfers/",
      clients: "/clients/",
      clientKeys: "/client-keys/",
      connectors: "/connectors/",
      entities: "/entities/[{]type[}]/",
    },
  };
  return [
    ...Object.entries(lists).map(([name, values]) => `[dictionaries.${name}]\nvalues = ${JSON.stringify(values)}`),
    `[dictionaries.things]\nvalues = ${JSON.stringify([...slugs, ...anchors, ...sectors, ...invitations, ...transfers, ...aliases, ...entities])}`,
    `[dictionaries.kinds]\nvalues = ["application", "sector", "organization", "invitation", "transfer", "member", "account", "project"]`,
    `[dictionaries.types]\nvalues = ["group", "project"]`,
    `[dictionaries.actions]\nvalues = ["view", "edit", "retire", "rotate_keys", "rename", "accept", "leave"]`,
    `[parameters]\n${bound("path.slug", "slugs")}\n${bound("path.anchor", "anchors")}\n${bound("path.kid", "kids")}\n${bound("path.alias", "aliases")}\n${bound("path.type", "types")}\n${bound("path.domain", "domains")}`,
    ...Object.entries(ofId).map(([list, part]) => {
      return `[[operations]]\ninclude-path-regex = "${part}[{]id[}]"\n[operations.parameters]\n${bound("path.id", list)}`;
    }),
    `[[operations]]\ninclude-path-regex = "/(evaluation|explain|subject|resource)$"\n[operations.parameters]`,
    [bound("body.subject.id", "aliases"), bound("body.resource.id", "things")].join("\n"),
    [bound("body.resource.type", "kinds"), bound("body.action.name", "actions")].join("\n"),
    `[[operations]]\ninclude-operation-id = "invite"\n[operations.parameters]\n${bound("body.alias", "aliases")}`,
    `[[operations]]\ninclude-operation-id = "offerOwnership"\n[operations.parameters]\n${bound("body.alias", "aliases")}`,
  ].join("\n");
}

function bound(parameter: string, dictionary: string): string {
  return `"${parameter}" = { dictionary = "${dictionary}", probability = ${REAL} }`;
}

function configurationOf(url: string, real: Population): string {
  return `
base-url = "${url}"
seed = ${SEED}
hooks = ${JSON.stringify(path.join(import.meta.dirname, "hooks.py"))}
continue-on-failure = true
warnings = false
headers = { Authorization = "Bearer \${TOKEN}" }
[generation]
max-examples = ${MOST_EXAMPLES}
database = "none"
[checks]
enabled = false
not_a_server_error = { enabled = true, expected-statuses = ["2xx", "3xx", "4xx", "503"] }
status_code_conformance = { enabled = true }
content_type_conformance = { enabled = true }
response_headers_conformance = { enabled = true }
response_schema_conformance = { enabled = true }
unsupported_method = { enabled = true }
ignored_auth = { enabled = true }
negative_data_rejection = { enabled = true, expected-statuses = ${JSON.stringify(REJECTIONS)} }
${EXCEPTIONS}
${dictionaries(real)}
`;
}

interface Outcome {
  readonly isClean: boolean;
  /** Of each status, how many answers. */
  readonly statuses: ReadonlyMap<string, number>;
}

async function attack(python: string, url: string, real: Population): Promise<Outcome> {
  const folder = mkdtempSync(path.join(tmpdir(), "bailiwick-contract-"));
  const [configuration, sent] = [path.join(folder, "schemathesis.toml"), path.join(folder, "sent.txt")];
  try {
    writeFileSync(configuration, configurationOf(url, real));
    writeFileSync(sent, "");
    const args = ["-m", "schemathesis.cli", "--config-file", configuration, "run", path.join(ROOT, "openapi.yaml")];
    const env = { ...process.env, TOKEN: real.token, BAILIWICK_SENT: sent, PYTHONDONTWRITEBYTECODE: "1" };
    const child = spawn(python, args, { cwd: folder, stdio: ["ignore", "inherit", "inherit"], env });
    const isClean = await new Promise<boolean>((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", (code) => resolve(code === 0));
    });
    const answers = readFileSync(sent, "utf8").split("\n").slice(0, -1);
    const groups = Map.groupBy(answers, (line) => line.split(" ")[1] ?? "");
    return { isClean, statuses: new Map([...groups].sort().map(([status, of]) => [status, of.length])) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function main(): Promise<boolean> {
  const report = (line: string): void => console.error(line);
  const python = await schemathesisPython(report);
  const stateDir = mkdtempSync(path.join(tmpdir(), "bailiwick-contract-"));
  const dns = await startDns(); // nothing is proved in it, and nobody waits for another
  const config = readConfig({ STATE_DIR: stateDir, DNS_SERVERS: dns.address, ...SETTINGS });
  const gateway = await startGateway(config, { report, log: createLog("error") });
  const lines: string[] = [];
  let [requests, isClean] = [0, true];
  try {
    const issuer = await loadDevelopmentIssuer(stateDir);
    for (const role of ROLES) {
      const outcome = await attack(python, gateway.url, await populate(gateway, issuer, role));
      const sent = [...outcome.statuses.values()].reduce((sum, count) => sum + count, 0);
      lines.push(summary(role, sent, outcome));
      requests += sent;
      isClean &&= outcome.isClean;
    }
  } finally {
    await gateway.close();
    await dns.close();
    rmSync(stateDir, { recursive: true, force: true });
  }
  const isEnough = requests >= LEAST_REQUESTS;
  console.log(lines.join("\n"));
  console.log(`${requests} requests (at least ${LEAST_REQUESTS} are due), seed ${SEED}`);
  return isClean && isEnough;
}

function summary(role: Role, sent: number, { isClean, statuses }: Outcome): string {
  const counts = [...statuses].map(([status, count]) => `${count} x ${status}`).join(", ");
  return `${isClean ? "ok" : "FAILED"}: contract, ${role}: ${sent} requests; ${counts}`;
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
