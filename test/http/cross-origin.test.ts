import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Sample, startSample } from "./sample-app.ts";

const PORTAL = "https://portal.example.com";
const PREFLIGHT = { "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization" };

let closed: Sample;
let opened: Sample;
beforeAll(async () => {
  closed = await startSample();
  opened = await startSample({ corsOrigins: [PORTAL] });
});
afterAll(async () => {
  await closed.close();
  await opened.close();
});

describe("OPTIONS", () => {
  test("tells the methods of a path to everybody, and nothing else", async () => {
    const told = await closed.send({ method: "OPTIONS", path: "/v1/things/one" });
    expect([told.status, told.headers.allow, told.text]).toEqual([204, "GET, HEAD, DELETE, OPTIONS", ""]);
    expect(closed.calls).toEqual([]);
  });

  test("of an unknown path is 404", async () => {
    expect((await closed.send({ method: "OPTIONS", path: "/v1/nothings" })).json["code"]).toBe("NO_SUCH_ROUTE");
  });
});

describe("pages of other origins", () => {
  test("are not let in unless CORS_ORIGINS names them", async () => {
    for (const [sample, origin] of [[closed, PORTAL] as const, [opened, "https://evil.example.com"] as const]) {
      const preflight = await sample.send({
        method: "OPTIONS",
        path: "/v1/things",
        headers: { Origin: origin, ...PREFLIGHT },
      });
      expect(preflight.headers["access-control-allow-origin"]).toBeUndefined();
      const answer = await sample.send({ path: "/livez", headers: { Origin: origin } });
      expect([answer.status, answer.headers["access-control-allow-origin"]]).toEqual([200, undefined]);
    }
  });

  test("that it names may call with a token, and read what the contract's headers say", async () => {
    const preflight = await opened.send({
      method: "OPTIONS",
      path: "/v1/things",
      headers: { Origin: PORTAL, ...PREFLIGHT },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      "access-control-allow-origin": PORTAL,
      "access-control-allow-methods": "GET,HEAD,POST,PUT,PATCH,DELETE",
      "access-control-allow-headers": expect.stringContaining("Authorization,Content-Type,If-Match"),
      vary: expect.stringContaining("Origin"),
    });
    expect(preflight.headers["access-control-allow-credentials"]).toBeUndefined();
    const refused = await opened.send({ path: "/v1/things/one", headers: { Origin: PORTAL } });
    expect(refused.json["code"]).toBe("TOKEN_MISSING");
    expect(refused.headers["access-control-allow-origin"]).toBe(PORTAL);
    expect(refused.headers["access-control-expose-headers"]).toContain("ETag,Location,Allow,Retry-After,RateLimit");
  });

  test("OPTIONS that is no preflight still tells the methods", async () => {
    const told = await opened.send({ method: "OPTIONS", path: "/v1/things", headers: { Origin: PORTAL } });
    expect([told.status, told.headers.allow]).toEqual([204, "POST, GET, HEAD, OPTIONS"]);
  });
});
