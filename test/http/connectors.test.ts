/** S0.1: an organization's federation connectors: what they are set to, and who turns them on and off. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { createHash } from "node:crypto";
import { LIMITS } from "../../src/entities/limits.ts";
import { CERTIFICATES } from "../support/certificates.ts";
import { addConnector, CONNECTOR, OIDC, SAML } from "../support/connectors.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addApplication, addMember, foundOrganization, must, retireEverything } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let admin: Person;
let bob: Person;
let slug: string;
let at: string;
let scene = 0;

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(async () => await gateway.close());
beforeEach(async () => {
  scene += 1;
  const people = ["alice", "admin", "bob"].map(async (name) => await gateway.person(`${name}-${scene}`));
  [alice, admin, bob] = (await Promise.all(people)) as [Person, Person, Person];
  slug = await foundOrganization(alice);
  await addMember(alice, slug, admin, "admin");
  await addMember(alice, slug, bob, "viewer");
  at = `/v1/organizations/${slug}/connectors`;
});

const tag = ({ headers }: Answered): string | null => headers.get("etag");
const listed = async (): Promise<{ readonly id: string }[]> =>
  must(await bob.get(at), 200).body["items"] as { id: string }[];
const code = ({ status, body }: Answered): unknown => [status, body.code];

describe("A connector", () => {
  test("is made disabled, read by every Viewer, replaced whole, and removed", async () => {
    const made = must(await admin.post(at, CONNECTOR), 201);
    const path = made.headers.get("location") ?? "";
    expect(made.body).toEqual({
      ...CONNECTOR,
      ...{
        id: expect.stringMatching(/^con-[0-9a-z]{20}$/),
        state: "disabled",
        clientSecretSetAt: null,
        certificates: [],
      },
      ...{ createdAt: made.body["createdAt"], updatedAt: made.body["createdAt"] },
    });
    expect([path, tag(made)]).toEqual([`${at}/${String(made.body["id"])}`, '"1"']);
    expect(must(await bob.get(path), 200).body).toEqual(made.body);
    expect(await listed()).toEqual([{ ...made.body, etag: '"1"' }]);
    const other = { name: "Other", settings: SAML };
    const put = must(await admin.put(path, other, { "if-match": '"1"' }), 200);
    expect([put.body["name"], put.body["settings"], tag(put)]).toEqual(["Other", SAML, '"2"']);
    expect(must(await bob.get(path), 200).body).toEqual(put.body);
    must(await admin.delete(path), 204);
    expect([(await bob.get(path)).status, (await admin.delete(path)).status, await listed()]).toEqual([404, 404, []]);
  });

  test("is enabled and disabled, a second time without a change, and keeps its state when it is replaced", async () => {
    const path = `${at}/${await addConnector(admin, slug)}`;
    const turned = async (verb: string, headers = {}): Promise<unknown> => {
      const answer = await admin.post(`${path}/${verb}`, undefined, headers);
      return [answer.status, answer.body["state"], tag(answer)];
    };
    expect(await turned("enable")).toEqual([200, "enabled", '"2"']);
    expect(await turned("enable")).toEqual([200, "enabled", '"2"']);
    expect(must(await admin.put(path, { ...CONNECTOR, name: "Other" }, { "if-match": '"2"' }), 200).body["state"]).toBe(
      "enabled",
    );
    expect(await turned("disable", { "if-match": '"2"' })).toEqual([412, undefined, '"3"']);
    expect(await turned("disable", { "if-match": '"3"' })).toEqual([200, "disabled", '"4"']);
  });

  test("is replaced by who says which: without If-Match only by what it is, with another revision not at all", async () => {
    const path = `${at}/${await addConnector(admin, slug)}`;
    const other = { ...CONNECTOR, name: "Other" };
    expect(tag(must(await admin.put(path, CONNECTOR), 200))).toBe('"1"');
    expect(code(await admin.put(path, other))).toEqual([428, "PRECONDITION_REQUIRED"]);
    expect(code(await admin.put(path, other, { "if-match": '"2"' }))).toEqual([412, "PRECONDITION_FAILED"]);
    expect(code(await admin.put(path, CONNECTOR, { "if-match": '"2"' }))).toEqual([412, "PRECONDITION_FAILED"]);
    expect(code(await admin.delete(path, { "if-match": '"2"' }))).toEqual([412, "PRECONDITION_FAILED"]);
    expect(tag(must(await admin.put(path, other, { "if-match": "*" }), 200))).toBe('"2"');
    const events = await gateway.sql<{ action: string; before: unknown; after: unknown }>(
      "select action, before, after from audit_events where target_id = $1 order by version, ordinal",
      [path.split("/").at(-1)],
    );
    expect(events.map(({ action }) => action)).toEqual(["connector.create", "connector.edit"]);
    expect(events[1]).toMatchObject({ before: null, after: { fields: ["name"] } });
  });

  test("is an Admin's to manage and a Viewer's to see: a Viewer changes none, billing sees none, others learn nothing", async () => {
    const path = `${at}/${await addConnector(admin, slug)}`;
    const [billing, stranger] = [await gateway.person(`billing-${scene}`), await gateway.person(`mallory-${scene}`)];
    await addMember(alice, slug, billing, "billing");
    const least = (answer: Answered): unknown =>
      (answer.body["reasons"] as { least: string }[] | undefined)?.[0]?.least;
    const changes = [
      await bob.post(at, CONNECTOR),
      await bob.put(path, CONNECTOR),
      await bob.delete(path),
      await bob.post(`${path}/enable`),
      await bob.post(`${path}/disable`),
    ];
    expect(changes.map((answer) => [answer.status, least(answer)])).toEqual(changes.map(() => [403, "admin"]));
    expect([least(await billing.get(at)), least(await billing.get(path))]).toEqual(["viewer", "viewer"]);
    expect([code(await stranger.get(path)), code(await stranger.post(at, CONNECTOR))]).toEqual([
      [403, "ORGANIZATION_NOT_ACCESSIBLE"],
      [403, "ORGANIZATION_NOT_ACCESSIBLE"],
    ]);
    expect(await listed()).toHaveLength(1);
  });

  test("of another organization is not found, and its issuer is free here", async () => {
    const elsewhere = await foundOrganization(alice);
    const theirs = await addConnector(alice, elsewhere);
    expect([(await admin.get(`${at}/${theirs}`)).status, (await admin.delete(`${at}/${theirs}`)).status]).toEqual([
      404, 404,
    ]);
    await addConnector(admin, slug);
    expect(await listed()).toHaveLength(1);
  });

  test(`is one of ${LIMITS.connectors} at the most, also when many are added at once; removing one makes room`, async () => {
    const add = async (number: number): Promise<Answered> =>
      await admin.post(at, { ...CONNECTOR, settings: { ...OIDC, issuer: `https://login-${number}.example.com` } });
    const answers = await Promise.all(
      Array.from({ length: LIMITS.connectors + 2 }, async (_, number) => await add(number)),
    );
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused.map(code)).toEqual([
      [409, "TOO_MANY_CONNECTORS"],
      [409, "TOO_MANY_CONNECTORS"],
    ]);
    const first = must(await bob.get(`${at}?page_size=30`), 200).body as {
      items: { id: string }[];
      next_page_token: string;
    };
    const rest = must(await bob.get(`${at}?page_size=30&page_token=${first.next_page_token}`), 200).body;
    const ids = [...first.items, ...(rest["items"] as { id: string }[])].map(({ id }) => id);
    expect([new Set(ids).size, ids, rest["next_page_token"]]).toEqual([LIMITS.connectors, [...ids].sort(), ""]);
    must(await admin.delete(`${at}/${ids[0]}`), 204);
    must(await add(LIMITS.connectors + 2), 201);
  });

  test("does not block the organization's retirement, is seen in it and changed no more", async () => {
    await addApplication(alice, slug);
    const path = `${at}/${await addConnector(admin, slug)}`;
    must(await admin.post(`${path}/enable`), 200);
    await retireEverything(alice, slug);
    expect(must(await bob.get(path), 200).body["state"]).toBe("enabled");
    expect(code(await admin.post(`${path}/disable`))).toEqual([409, "ORGANIZATION_RETIRED"]);
  });
});

describe("Certificates", () => {
  test("are told with fingerprint and expiry, in their order, as PEM or as its base64", async () => {
    const [first = "", second = ""] = CERTIFICATES;
    const pem = `-----BEGIN CERTIFICATE-----\n${second.replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
    const made = must(await admin.post(at, { ...CONNECTOR, settings: { ...SAML, certificates: [first, pem] } }), 201);
    const sha256 = (text: string): string => createHash("sha256").update(Buffer.from(text, "base64")).digest("hex");
    expect(made.body["certificates"]).toEqual(
      [first, second].map((each) => ({ sha256: sha256(each), expiresAt: expect.stringMatching(/^2126-10-29T/) })),
    );
    expect((made.body["settings"] as typeof SAML).certificates).toEqual([first, pem]);
    const twice = { ...SAML, entityId: "urn:other", certificates: [second, pem] };
    expect((await admin.post(at, { ...CONNECTOR, settings: twice })).status).toBe(400);
  });
});
