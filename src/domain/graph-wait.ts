import { setTimeout as pause } from "node:timers/promises";
import { AppError, cannotDecide } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Deadline } from "./deadline.ts";
import type { Deps } from "./deps.ts";

/** The change is done; only whether its tuples, in each of these organizations, are in OpenFGA already is waited for, a little. */
export async function graphAfter(deps: Deps, organizations: readonly string[]): Promise<"applied" | "pending"> {
  const each = organizations.map(async (organization) => {
    return await deps.applyTuples(organization).then(
      () => "applied" as const,
      (error: unknown) => {
        deps.warn("relay.apply_failed", { organization, error: String(error) });
        return "pending" as const;
      },
    );
  });
  const applied = Promise.all(each).then((words) => (words.includes("pending") ? "pending" : "applied"));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"pending">((resolve) => {
    timer = setTimeout(() => resolve("pending"), deps.timeouts.graphWaitMs);
  });
  return await Promise.race([applied, late]).finally(() => clearTimeout(timer));
}

/**
 * Resolves when what is filed of the organization is in OpenFGA. What hinders it may pass (a Write that failed, another relay, a rebuild), so
 * it is tried until the deadline. Throws CANNOT_DECIDE then.
 */
export async function caughtUp(
  { applyTuples }: Pick<Deps, "applyTuples">,
  organization: string,
  deadline: Deadline,
): Promise<void> {
  let why = cannotDecide("openfga", new Error("tuples of the organization are still on their way"));
  const tried = async (): Promise<"applied" | undefined> => {
    try {
      await applyTuples(organization);
      return "applied";
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      why = error;
      return undefined;
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), Math.max(0, deadline()));
  });
  try {
    do {
      if ((await Promise.race([tried(), late])) === "applied") return;
    } while ((await Promise.race([pause(LIMITS.catchUpEveryMs), late])) !== "late");
    throw why;
  } finally {
    clearTimeout(timer);
  }
}
