import { isIP, isIPv4, isIPv6 } from "node:net";
import { text, wholeNumber } from "./kinds.ts";

/** `ip`, `ip:port` or `[ip]:port`. */
function isServer(server: string): boolean {
  if (isIP(server) !== 0) return true;
  const [, v6, v4, port = ""] = /^(?:\[([^\]]+)\]|([^:]+)):([0-9]{1,5})$/.exec(server) ?? [];
  const isPort = +port >= 1 && +port <= 65_535;
  return isPort && (v6 === undefined ? isIPv4(v4 ?? "") : isIPv6(v6));
}

const areServers = (value: string): boolean => value.split(",").every((server) => isServer(server.trim()));

/** What proves that a domain is an organization's. */
export const domains = {
  DNS_SERVERS: text(areServers, "addresses, by commas: 192.0.2.53,[2001:db8::53]:5353")
    .optional()
    .meta({
      otherwise: "the system's",
      description:
        "The DNS servers that are asked for the proofs of adopted domains, by commas. What they answer decides who holds a domain: " +
        "set those that validate DNSSEC.",
    }),
  DOMAIN_RECHECK_HOURS: wholeNumber(1, 720).default(24).meta({
    description: "How long after a proof was seen it is looked for again.",
  }),
  DOMAIN_GRACE_HOURS: wholeNumber(0, 8_760).default(72).meta({
    description:
      "For how long the DNS may answer without the proof before the domain lapses. No answer at all ends nothing.",
  }),
};
