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
