import { ConfigError, readConfig } from "../../src/config.ts";

/** What is wrong with these settings, a line each; none: they fit. */
export function problemsOf(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}
