import { promises as dns } from "node:dns";
import type { LookUpTexts } from "../entities/adopted-domains.ts";
import { AppError } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";

/** The DNS has answered: there is no such name, or there are no such records at it. */
const NONE: readonly unknown[] = [dns.NOTFOUND, dns.NODATA];

/** @param servers `ip`, `ip:port` or `[ip]:port`; none: the system's */
export function createTextLookup(servers: readonly string[]): LookUpTexts {
  return async (name, timeoutMs) => {
    // One for each look, which alone is given up with it. For each further try it waits twice as long.
    const timeout = Math.ceil(timeoutMs / 2 ** LIMITS.dnsTries);
    const resolver = new dns.Resolver({ timeout, tries: LIMITS.dnsTries });
    if (servers.length > 0) resolver.setServers(servers);
    const giveUp = setTimeout(() => resolver.cancel(), timeoutMs);
    try {
      const records = await resolver.resolveTxt(name);
      return records.map((strings) => strings.join("")); // RFC 7208, 3.3: what is longer than 255 bytes is written in several
    } catch (error) {
      if (NONE.includes(codeOf(error))) return [];
      const message = "The DNS does not answer for the domain at the moment: neither proved nor disproved. Try again.";
      throw new AppError("DNS_UNAVAILABLE", message, { cause: error });
    } finally {
      clearTimeout(giveUp);
    }
  };
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
