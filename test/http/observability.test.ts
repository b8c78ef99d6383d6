import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually } from "../support/eventually.ts";
import { caller, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { decide, foundOrganization, must } from "../support/world.ts";
import { type Sample, startSample } from "./sample-app.ts";

describe("/metrics", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway();
  });
  afterAll(async () => await gateway.close());

  /** The value of a series, by the beginning of its line. */
  async function value(series: string): Promise<number> {
    const response = await fetch(`${gateway.url}/metrics`);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const line = (await response.text()).split("\n").find((text) => text.startsWith(`${series} `));
    return line === undefined ? 0 : Number(line.slice(series.length + 1));
  }

  test("counts evaluations by decision and each reason of a denial, and tells no name", async () => {
    const alice = await gateway.person("alice");
    const slug = await foundOrganization(alice);
    const before = await value('bailiwick_decisions_total{decision="deny",reason="LIVE_SECTORS"}');
    must(await alice.post(`/v1/organizations/${slug}/sectors`, { name: "One" }), 201);
    await decide(gateway, alice, "view", ["organization", slug]);
    await decide(gateway, alice, "retire", ["organization", slug]);
    expect(await value('bailiwick_decisions_total{decision="allow",reason=""}')).toBe(1);
    expect(await value('bailiwick_decisions_total{decision="deny",reason="LIVE_SECTORS"}')).toBe(before + 1);
    expect(await (await fetch(`${gateway.url}/metrics`)).text()).not.toMatch(new RegExp(`${slug}|alice|org-|acc-`));
  });

  test("measures each step of a question and of a change, and the answers by route and status", async () => {
    const count = async (step: string): Promise<number> =>
      await value(`bailiwick_step_duration_seconds_count{step="${step}"}`);
    const steps = ["facts", "graph", "policies", "transaction", "relay"];
    const before = await Promise.all(steps.map(count));
    const alice = await gateway.person("alice");
    const slug = await foundOrganization(alice);
    await decide(gateway, alice, "view", ["organization", slug]);
    const after = await Promise.all(steps.map(count));
    expect(after.map((now, index) => now > (before[index] ?? 0))).toEqual(steps.map(() => true));
    const series = 'method="POST",route="/access/v1/evaluation",status="200"';
    expect(await value(`bailiwick_http_request_duration_seconds_count{${series}}`)).toBeGreaterThan(0);
  });

  test("says how far OpenFGA is behind, what had drifted, and which versions run", async () => {
    expect(await value("bailiwick_outbox_pending_organizations")).toBe(0);
    expect(await value("bailiwick_outbox_lag_seconds")).toBe(0);
    expect(await value("bailiwick_drift_missing_tuples")).toBe(0);
    const { unit, commit, model } = gateway.gateway.deps;
    const labels = `version="0.1.0",unit="${unit}",commit="${commit ?? ""}",model="${model}"`;
    const info = `bailiwick_info{${labels},node="${process.versions.node}"}`;
    expect(await value(info)).toBe(1);
  });

  test("needs the token of METRICS_TOKEN where it is set, and in production is not there without one", async () => {
    const token = "Q8sD2nB4vM6xZ1cK3jH5gF7wE9rT0yUp";
    const guarded = await startSample({ metricsToken: token });
    const absent = await startSample({ metricsToken: null });
    const ask = async (sample: Sample, authorization?: string): Promise<unknown[]> => {
      const headers = authorization === undefined ? {} : { Authorization: authorization };
      const { status, json } = await sample.send({ path: "/metrics", headers });
      return [status, json["code"]];
    };
    expect(await ask(guarded, `Bearer ${token}`)).toEqual([200, undefined]);
    expect(await ask(guarded, `Bearer ${token}x`)).toEqual([401, "TOKEN_INVALID"]);
    expect(await ask(guarded)).toEqual([401, "TOKEN_INVALID"]);
    expect(await ask(absent, `Bearer ${token}`)).toEqual([404, "NO_SUCH_ROUTE"]);
    await guarded.close();
    await absent.close();
  });
});

test("/readyz and /livez of a running gateway are as the contract promises, drift and backlog included", async () => {
  const gateway = await startTestGateway();
  const anybody = caller(gateway.url, "", ""); // holds each answer to the contract
  expect((await anybody.get("/livez")).body).toEqual({ status: "alive" });
  const { body } = must(await anybody.get("/readyz"), 200);
  expect(body).toMatchObject({ status: "ready", graph: { pendingOrganizations: 0, oldestPendingSeconds: 0 } });
  await gateway.close();
});

describe("traceparent", () => {
  const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  let sample: Sample;
  beforeAll(async () => {
    sample = await startSample();
  });
  afterAll(async () => await sample.close());

  test("of the caller stands in the log's line of the answer", async () => {
    await sample.send({ path: "/livez", headers: { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` } });
    await eventually(() => expect(sample.lines.at(-1)).toContain(`"traceId":"${TRACE}"`));
  });

  test("that is none is left out, and refuses nothing", async () => {
    for (const traceparent of ["nonsense", `00-${"0".repeat(32)}-00f067aa0ba902b7-01`]) {
      sample.forget();
      expect((await sample.send({ path: "/livez", headers: { traceparent } })).status).toBe(200);
      expect(await sample.lineWith("/livez")).not.toContain("traceId");
    }
  });
});
