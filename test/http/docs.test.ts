import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import path from "node:path";
import { requirePromised } from "../support/contract.ts";
import { caller, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";

const ROOT = path.join(import.meta.dirname, "../..");

let gateway: TestGateway;
let anybody: Person;
beforeAll(async () => {
  gateway = await startTestGateway();
  anybody = caller(gateway.url, "anybody", "");
});
afterAll(async () => await gateway.close());

test.each([
  ["/openapi.yaml", "application/yaml", "openapi.yaml"],
  ["/docs", "text/html; charset=utf-8", "docs/api.html"],
  ["/docs/style.css", "text/css; charset=utf-8", "docs/api.css"],
])("%s is there for everybody, and can be kept", async (at, type, file) => {
  const answer = await anybody.get(at);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, type]);
  expect(answer.text).toBe(readFileSync(path.join(ROOT, file), "utf8"));
  expect(answer.headers.get("cache-control")).toBe("public, max-age=3600");
  const etag = answer.headers.get("etag") ?? "";
  const again = await anybody.get(at, { "if-none-match": etag });
  expect([again.status, again.text, again.headers.get("etag")]).toEqual([304, "", etag]);
});

test.each([["/"], ["/docs/"]])("%s leads to /docs", async (at) => {
  const response = await fetch(`${gateway.url}${at}`, { redirect: "manual" });
  const { status, headers } = response;
  const text = await response.text();
  requirePromised({ method: "GET", path: at, status, headers, text });
  expect([status, headers.get("location")]).toEqual([302, "/docs"]);
  expect(text).toContain("/docs");
  expect((await fetch(`${gateway.url}${at}`)).url).toBe(`${gateway.url}/docs`);
});

test("the security policy is as strict as everywhere", async () => {
  const [docs, live] = [await anybody.get("/docs"), await anybody.get("/livez")];
  expect(docs.headers.get("content-security-policy")).toBe(live.headers.get("content-security-policy"));
});
