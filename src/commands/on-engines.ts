import { startAllEngines } from "../arrivals.ts";
import { assemble, type Core, loadPolicies, type Reporting } from "../assemble.ts";
import type { Config } from "../config.ts";
import { chosen, type Engines } from "../local/chosen-engines.ts";
import { readEndpoints } from "../local/endpoints.ts";
import { LocalEngineError } from "../local/error.ts";
import type { PolicySet } from "../policy/policy-set.ts";

/** Works on what the gateway works on, whether one runs or not; gives the exit status that `work` gives. */
export async function onEngines(
  config: Config,
  reporting: Reporting,
  work: (core: Core) => Promise<number>,
): Promise<number> {
  const { policies, set } = await loadPolicies(config, reporting);
  const { engines, stop } = await findEngines(config, set, reporting.report);
  try {
    const core = await assemble({ config, policies, engines }, reporting);
    return await work(core).finally(async () => await core.close());
  } finally {
    await stop();
  }
}

/** The engines of the gateway that runs on this state directory, or engines of one's own for the time being. */
async function findEngines(
  config: Config,
  set: PolicySet | null,
  report: (line: string) => void,
): Promise<{ readonly engines: Engines; readonly stop: () => Promise<void> }> {
  try {
    const engines = await startAllEngines(config, report, set);
    return { engines, stop: async () => await engines.stop() };
  } catch (error) {
    const isInUse = error instanceof LocalEngineError && error.code === "STATE_DIRECTORY_IN_USE";
    const running = isInUse ? readEndpoints(config.stateDir) : undefined;
    if (running === undefined) throw error;
    report("A gateway runs on this state directory; its engines are used");
    return { engines: chosen(config, running), stop: async () => await Promise.resolve() };
  }
}
