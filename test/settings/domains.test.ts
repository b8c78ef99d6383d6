import { describe, expect, test } from "@jest/globals";
import { ConfigError, readConfig } from "../../src/config.ts";

const HOUR_MS = 60 * 60 * 1000;

describe("The settings of adopted domains", () => {
  test.each([
    [{ DNS_SERVERS: "192.0.2.53" }, { dnsServers: ["192.0.2.53"] }],
    [
      { DNS_SERVERS: "192.0.2.53:5353, 2001:db8::53,[2001:db8::53]:65535" },
      { dnsServers: ["192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:65535"] },
    ],
    [{ DOMAIN_RECHECK_HOURS: "1", DOMAIN_GRACE_HOURS: "0" }, { domains: { recheckMs: HOUR_MS, graceMs: 0 } }],
    [
      { DOMAIN_RECHECK_HOURS: "720", DOMAIN_GRACE_HOURS: "8760" },
      { domains: { recheckMs: 720 * HOUR_MS, graceMs: 8_760 * HOUR_MS } },
    ],
  ])("%j is understood", (environment, expected) => {
    expect(readConfig(environment)).toMatchObject(expected);
  });

  test.each([
    ["DNS_SERVERS", "dns.example.com"],
    ["DNS_SERVERS", "192.0.2.53:0"],
    ["DNS_SERVERS", "192.0.2.53:65536"],
    ["DNS_SERVERS", "[192.0.2.53]:53"],
    ["DNS_SERVERS", "[2001:db8::53]"],
    ["DNS_SERVERS", "192.0.2.53,"],
    ["DOMAIN_RECHECK_HOURS", "0"],
    ["DOMAIN_RECHECK_HOURS", "721"],
    ["DOMAIN_GRACE_HOURS", "8761"],
  ])("%s=%s is refused by name", (name, value) => {
    expect(() => readConfig({ [name]: value })).toThrow(ConfigError);
    expect(() => readConfig({ [name]: value })).toThrow(new RegExp(`${name}: expected `));
  });
});
