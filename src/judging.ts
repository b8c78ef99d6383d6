/** The Cerbos that serves a unit, of one's own or embedded, and what ends it. */
import type { Reporting } from "./assemble.ts";
import type { Config } from "./config.ts";
import { connectCerbos } from "./engines/cerbos.ts";
import { AppError } from "./entities/errors.ts";
import { LIMITS } from "./entities/limits.ts";
import type { EmbeddedJudges, Engines } from "./local/chosen-engines.ts";
import { removeSet } from "./policy/policy-set.ts";
import type { Parts } from "./served.ts";

export type Judging = Pick<Parts, "cerbos" | "target" | "retire">;

/** @param remove takes away what it was started on */
export function embedded(judges: EmbeddedJudges, target: string, remove: () => Promise<void>): Judging {
  const cerbos = connectCerbos(target, false);
  const retire = async (): Promise<void> => {
    cerbos.close();
    await judges.stop(target);
    await remove();
  };
  return { cerbos, target, retire };
}

function own(target: string, tls: boolean): Judging {
  const cerbos = connectCerbos(target, tls);
  const retire = async (): Promise<void> => {
    cerbos.close();
    await Promise.resolve();
  };
  return { cerbos, target, retire };
}

/**
 * That of the start: of two of one's own the one that serves the unit. Where none does the gateway starts all the same, and `/readyz` says so: a Cerbos that is
 * replaced later than its gateway is found then.
 */
export async function openFirst(
  { cerbosStandby }: Config,
  { judges, cerbos: { target, tls } }: Engines,
  unit: string,
  { report, log }: Reporting,
): Promise<Judging> {
  const first =
    judges === null ? own(target, tls) : embedded(judges, target, async () => await removeSet(judges.policyDir));
  const served = await unitOf(first);
  if (served === unit) return first;
  if (cerbosStandby !== null) {
    const second = own(cerbosStandby, tls);
    if ((await unitOf(second)) === unit) {
      await first.retire();
      report("CERBOS_STANDBY_TARGET serves the policies here, and is used");
      return second;
    }
    await second.retire();
  }
  report(
    `Not ready: Cerbos serves ${served ?? "no unit that it knows of"}, and the policies here are the unit ${unit}`,
  );
  log.error({ event: "policies.not_served", unit, served }, "policies.not_served");
  return first;
}

/** What a Cerbos says that it serves; null also where it does not answer. */
export async function unitOf({ cerbos }: Pick<Judging, "cerbos">): Promise<string | null> {
  return await cerbos.unit(LIMITS.canaryMs).catch(() => null);
}

/**
 * The other one of two of one's own, as it is. Throws STANDBY_MISSING.
 * @param used where the one is that decides
 */
export function openStandby({ cerbos, cerbosStandby }: Config, used: string): Judging {
  const target = [cerbos?.target, cerbosStandby].find((each) => each !== used) ?? null;
  if (cerbos === null || cerbosStandby === null || target === null) {
    const message =
      "CERBOS_TARGET is a Cerbos of your own, and CERBOS_STANDBY_TARGET names no second one to switch to.";
    throw new AppError("STANDBY_MISSING", message);
  }
  return own(target, cerbos.tls);
}

/** Throws STANDBY_DIFFERS where it serves something else, CANNOT_DECIDE where it does not answer. */
export async function requireServing({ cerbos }: Judging, unit: string): Promise<void> {
  const served = await cerbos.unit(LIMITS.canaryMs);
  if (served === unit) return;
  const what = served === null ? "no unit that it knows of" : `the unit ${served}`;
  throw new AppError("STANDBY_DIFFERS", `The second Cerbos serves ${what}, and the folders hold the unit ${unit}.`);
}
