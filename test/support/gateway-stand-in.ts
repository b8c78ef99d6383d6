/**
 * A gateway reduced to its engines, to be killed by tests. Takes its options as JSON, prints its pids as JSON when they are
 * ready, and lives until it is ended. With `drains` it does on SIGTERM and SIGINT what the gateway does: it still uses the
 * engines, says so, and stops them.
 */
import * as z from "zod";
import { startLocalEngines } from "../../src/local/engines.ts";

const options = z
  .object({ stateDir: z.string(), policyDir: z.string(), drains: z.boolean(), beside: z.boolean().default(false) })
  .parse(JSON.parse(process.argv[2] ?? "null"));

const engines = await startLocalEngines({
  ...options,
  need: { postgres: true, openfga: true, cerbos: true },
  durable: false,
  environment: process.env,
  report: (line) => process.stderr.write(`${line}\n`),
});

async function drain(): Promise<void> {
  const health = await fetch(`${engines.openfga?.apiUrl ?? ""}/healthz`);
  await engines.stop();
  process.stdout.write(`${JSON.stringify({ drainedWithOpenfga: health.status })}\n`);
  process.exit(0);
}

if (options.beside) await engines.judges?.start(options.policyDir);
if (options.drains) {
  process.once("SIGTERM", () => void drain());
  process.once("SIGINT", () => void drain());
}
process.stdout.write(`${JSON.stringify(engines.pids)}\n`);
setInterval(() => undefined, 60_000); // The engines do not keep their gateway alive; something must.
