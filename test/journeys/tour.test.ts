/** The README's tour, step by step, over HTTP on the real engines. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let service: Person;

beforeAll(async () => {
  gateway = await startTestGateway();
  alice = await gateway.person("alice");
  bob = await gateway.person("bob");
  service = await gateway.service("checkout", { scopes: ["authz:evaluate"], organizations: ["acme"] });
});
afterAll(async () => await gateway.close());

test("the tour", async () => {
  const acme = await alice.post("/v1/organizations", { slug: "acme", name: "Acme" });
  expect([acme.status, acme.headers.get("location")]).toEqual([201, "/v1/organizations/acme"]);
  expect(acme.headers.get("etag")).toBe('"1"');

  const shop = await alice.post("/v1/organizations/acme/applications", { name: "Shop", kind: "web" });
  expect(shop.status).toBe(201);
  expect(shop.body).toMatchObject({ anchor: expect.any(String), sector: expect.any(String), state: "enabled" });
  const anchor = String(shop.body.anchor);

  const invitation = await alice.post("/v1/organizations/acme/invitations", { alias: "bob", role: "admin" });
  expect([invitation.status, invitation.body.state]).toEqual([201, "pending"]);
  expect((await bob.post(`/v1/invitations/${String(invitation.body.id)}/accept`)).status).toBe(200);

  const ask = async (action: string): Promise<Answered> =>
    await service.post("/access/v1/evaluation", {
      subject: { type: "account", id: "bob" },
      action: { name: action },
      resource: { type: "application", id: anchor },
    });
  const rotate = await ask("rotate_keys");
  expect([rotate.status, rotate.body["decision"]]).toEqual([200, true]);
  const asAdmin = await ask("retire");
  expect(asAdmin.status).toBe(200);
  expect(asAdmin.body).toMatchObject({
    decision: false,
    context: { reasons: [{ code: "ROLE_TOO_LOW" }] },
  });

  expect((await alice.patch("/v1/organizations/acme/members/bob", { role: "owner" })).status).toBe(200);
  const asOwner = await ask("retire");
  expect(asOwner.body).toMatchObject({
    decision: false,
    context: { reasons: [{ code: "NOT_SOLE_OWNER", owners: 2 }] },
  });
  const path = `/v1/organizations/acme/applications/${anchor}/retire`;
  const refused = await alice.post(path);
  expect([refused.status, refused.body.code]).toEqual([403, "NOT_SOLE_OWNER"]);
  expect(refused.headers.get("content-type")).toBe("application/problem+json");

  expect((await alice.patch("/v1/organizations/acme/members/bob", { role: "viewer" })).status).toBe(200);
  const retired = await alice.post(path);
  expect([retired.status, retired.body.state]).toEqual([200, "retired"]);

  const left = await alice.delete("/v1/organizations/acme/members/alice");
  expect([left.status, left.body.code]).toEqual([409, "LAST_OWNER"]);
});
