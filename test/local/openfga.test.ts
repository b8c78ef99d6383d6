import { expect, test } from "@jest/globals";
import pg from "pg";
import { findOpenfga, OPENFGA_IMAGE } from "../../src/local/openfga-binary.ts";
import { containerName, openfgaCommand } from "../../src/local/openfga-command.ts";
import { startOpenfga } from "../../src/local/openfga.ts";
import { startPostgres } from "../../src/local/postgres.ts";
import { alive, allGone, fallsSilent, newStateDir, removeStateDir } from "../support/engine-processes.ts";

test("it can be frozen, killed, and started again on the same port; its secrets are in no command line", async () => {
  const stateDir = newStateDir();
  const common = { stateDir, environment: process.env };
  const postgres = await startPostgres({ ...common, password: "not-a-secret", durable: false });
  try {
    const program = await findOpenfga({ environment: process.env, report: () => undefined });
    const options = { ...common, program, databaseUrl: postgres.url("openfga"), presharedKey: "a-key" };
    const first = await startOpenfga(options);
    const healthy = async (): Promise<boolean> =>
      (await fetch(`${first.apiUrl}/healthz`, { signal: AbortSignal.timeout(500) })).ok;
    expect(await healthy()).toBe(true);
    expect(await estimatesOf(options.databaseUrl)).toEqual([{ attoptions: ["n_distinct=200"] }]);
    process.kill(first.pid, "SIGSTOP");
    expect(await fallsSilent(healthy)).toBe(true);
    process.kill(first.pid, "SIGKILL");
    expect(await first.exited).toEqual({ code: null, signal: "SIGKILL" });

    const second = await startOpenfga({ ...options, port: first.port });
    expect(second.apiUrl).toBe(first.apiUrl);
    expect(alive([first.pid, second.pid])).toEqual([second.pid]);
    expect(await healthy()).toBe(true);
    await second.stop();
    await second.stop();
  } finally {
    await postgres.stop();
    expect(await allGone([], stateDir)).toBe(true);
    removeStateDir(stateDir);
  }
});

/** What Postgres is told of the users of tuples. */
async function estimatesOf(url: string): Promise<unknown[]> {
  const client = new pg.Client(url);
  await client.connect();
  const sql = "select attoptions from pg_attribute where attrelid = 'tuple'::regclass and attname = '_user'";
  const { rows } = await client.query<Record<string, unknown>>(sql);
  await client.end();
  return rows;
}

test("in Docker it listens on the loopback interface, and its secrets are in no command line", () => {
  const program = { kind: "container", docker: "/usr/bin/docker", image: OPENFGA_IMAGE } as const;
  const environment = { PATH: "/usr/bin", OPENFGA_DATASTORE_URI: "postgres://u:secret@127.0.0.1:1/openfga" };
  const run = { args: ["run", "--http-addr=127.0.0.1:8080"], environment, ports: [8080] };
  const { command, args } = openfgaCommand(program, run, containerName("/state"));
  expect(command).toBe("/usr/bin/docker");
  expect(args).toContain("--env=OPENFGA_DATASTORE_URI");
  expect(args.join(" ")).not.toContain("secret");
  const isOpen = args.includes("--http-addr=0.0.0.0:8080");
  expect(isOpen ? args.includes("--publish=127.0.0.1:8080:8080") : args.includes("--network=host")).toBe(true);
});
