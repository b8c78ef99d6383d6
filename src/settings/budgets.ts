import { wholeNumber } from "./kinds.ts";

const perMinute = wholeNumber(0, 100_000_000);

/** Requests a minute; each gateway counts for itself. */
export const budgets = {
  RATE_CALLER_QUESTIONS: perMinute.default(120_000).meta({
    description: "Questions (reads and checks) a minute of one caller; then 429. 0: no limit.",
  }),
  RATE_CALLER_CHANGES: perMinute.default(1_200).meta({
    description: "Changes a minute of one caller, dry runs included; then 429. 0: no limit.",
  }),
  RATE_ORGANIZATION_QUESTIONS: perMinute.default(240_000).meta({
    description: "Questions a minute about one organization by those who belong to it; then 429. 0: no limit.",
  }),
  RATE_ORGANIZATION_CHANGES: perMinute.default(2_400).meta({
    description: "Changes a minute of one organization by those who belong to it; then 429. 0: no limit.",
  }),
};
