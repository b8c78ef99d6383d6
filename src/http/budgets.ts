import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Identity } from "../entities/callers.ts";
import { AppError } from "../entities/errors.ts";

/** Changes have budgets of their own: who asks a lot must not be kept from revoking a role, nor the other way round. */
export type Work = "questions" | "changes";

/** Requests a minute; 0: as many as one likes. */
export type BudgetSizes = Readonly<Record<"caller" | "organization", Readonly<Record<Work, number>>>>;

/** What may be asked of this gateway. Each gateway counts for itself. */
export interface Budgets {
  /** Takes one, or so many, from the caller's budget. Gives the headers that say what is left. Throws RATE_LIMITED. */
  ofCaller(
    caller: Pick<Identity, "issuer" | "subject">,
    work: Work,
    count?: number,
  ): Promise<Readonly<Record<string, string>>>;
  /** Takes one from the organization's, for somebody who belongs to it. Throws RATE_LIMITED. */
  ofOrganization(organizationId: string, work: Work): Promise<void>;
}

const WINDOW_SECONDS = 60;
const UNLIMITED: Readonly<Record<string, string>> = {};

export function createBudgets(sizes: BudgetSizes): Budgets {
  const caller = { questions: budgetOf(sizes.caller.questions), changes: budgetOf(sizes.caller.changes) };
  const organization = {
    questions: budgetOf(sizes.organization.questions),
    changes: budgetOf(sizes.organization.changes),
  };
  return {
    ofCaller: async ({ issuer, subject }, work, count = 1) => {
      const budget = caller[work];
      if (budget === null) return UNLIMITED;
      const left = await take(budget, `${issuer}\n${subject}`, `Your budget of ${work} is spent.`, count);
      return {
        "RateLimit-Policy": `"${work}";q=${sizes.caller[work]};w=${WINDOW_SECONDS}`,
        RateLimit: `"${work}";r=${left.remainingPoints};t=${seconds(left)}`,
      };
    },
    ofOrganization: async (id, work) => {
      const budget = organization[work];
      if (budget !== null) await take(budget, id, `The organization's budget of ${work} is spent.`);
    },
  };
}

function budgetOf(size: number): RateLimiterAbstract | null {
  return size === 0 ? null : new RateLimiterMemory({ points: size, duration: WINDOW_SECONDS });
}

async function take(budget: RateLimiterAbstract, key: string, spent: string, count = 1): Promise<RateLimiterRes> {
  try {
    return await budget.consume(key, count);
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    throw new AppError("RATE_LIMITED", `${spent} Try again in ${seconds(refusal)} s.`, {
      retryAfterSeconds: seconds(refusal),
    });
  }
}

function seconds({ msBeforeNext }: RateLimiterRes): number {
  return Math.max(1, Math.ceil(msBeforeNext / 1000));
}
