/** S0.12, S0.23: whom the rules of admission name: people by their accounts, and domains that the organization has adopted. */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { LIMITS } from "../../src/entities/limits.ts";
import { adopt, domainPath } from "../support/domains.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { admission } from "../support/rules.ts";
import { addApplication, foundWideTeam, must } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let admin: Person;
let viewer: Person;
let slug: string;
let at: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  ({ alice, admin, viewer, slug } = await foundWideTeam(gateway));
});
afterAll(async () => await gateway.close());
beforeEach(async () => {
  at = `/v1/organizations/${slug}/applications/${(await addApplication(alice, slug)).anchor}`;
});

const read = async (): Promise<unknown> => must(await viewer.get(`${at}/rules/admission`), 200).body;
const set = async (body: object): Promise<Answered> =>
  await admin.put(`${at}/rules/admission`, body, { "if-match": "*" });

test("admission names people by their alias and means the account: it stays bound to it, whatever it is called later", async () => {
  const cara = await gateway.person("cara");
  must(await set(admission({ accounts: ["viewer", "cara"] })), 200);
  expect(await read()).toEqual(admission({ accounts: ["cara", "viewer"] }));
  must(await cara.patch("/v1/me", { alias: "cara-two" }), 200);
  const known = must(await viewer.get(`${at}/rules/admission`, { "if-none-match": '"2"' }), 200); // the same revision, another text
  expect(known.body).toEqual(admission({ accounts: ["cara-two", "viewer"] }));
});

test("admission names nobody any more who was erased, and the rest of it stays", async () => {
  const dora = await gateway.person("dora");
  must(await set(admission({ accounts: ["dora", "viewer"], blocked: ["dora"] })), 200);
  must(await dora.delete("/v1/me"), 204);
  expect(await read()).toEqual(admission({ accounts: ["viewer"] }));
  expect((await set(admission({ accounts: ["dora"] }))).body.code).toBe("UNKNOWN_ALIAS");
});

test("admission that names somebody unknown is refused whole, and says who it is", async () => {
  const refused = await set(admission({ everyone: true, accounts: ["viewer"], blocked: ["viewer", "nobody-here"] }));
  expect([refused.status, refused.body.code]).toEqual([404, "UNKNOWN_ALIAS"]);
  expect(refused.body["detail"]).toContain("blocked: nobody-here");
  expect(await read()).toEqual(admission());
});

test("admission lists domains that the organization has adopted, verified or not, and no others", async () => {
  const refused = await set(admission({ domains: ["one.example.com", "two.example.com"] }));
  const { domain } = await adopt(admin, slug, "one.example.com");
  const half = await set(admission({ domains: [domain, "two.example.com"] }));
  const message = "expected a domain that the organization has adopted";
  const [first, second] = [0, 1].map((index) => ({ path: `body.domains.${index}`, message }));
  expect([refused.status, refused.body["issues"], half.body["issues"]]).toEqual([400, [first, second], [second]]);
  must(await set(admission({ domains: [domain] })), 200);
  must(await admin.delete(domainPath(slug, domain)), 204);
  must(await set(admission({ domains: [domain] })), 200); // to say the same again is no error
  const gone = await set(admission({ everyone: true, domains: [domain] }));
  expect([gone.status, gone.body["issues"]]).toEqual([400, [first]]);
  must(await set(admission()), 200);
});

test("admission replaces whom it names: who is left out is out", async () => {
  must(await set(admission({ accounts: ["viewer", "admin"] })), 200);
  must(await set(admission({ accounts: ["admin"], blocked: ["viewer"] })), 200);
  expect(await read()).toEqual(admission({ accounts: ["admin"], blocked: ["viewer"] }));
});

test("admission in another order is the same: nothing is changed, and the log has one event", async () => {
  must(await set(admission({ accounts: ["viewer", "admin"] })), 200);
  const same = must(await set(admission({ accounts: ["admin", "viewer"] })), 200);
  expect(same.headers.get("etag")).toBe('"2"');
  const anchor = at.split("/").at(-1);
  const events = await gateway.sql(
    "select from audit_events where target_id = $1 and action = 'application.configure_rules'",
    [anchor],
  );
  expect(events).toHaveLength(1);
});

test(`admission has ${LIMITS.listedAccounts} people on a list at the most, each once`, async () => {
  const many = Array.from({ length: LIMITS.listedAccounts + 1 }, (_none, index) => `person-${index}`);
  expect((await set(admission({ accounts: many }))).status).toBe(400);
  expect((await set(admission({ accounts: ["viewer", "viewer"] }))).status).toBe(400);
  const most = await Promise.all(many.slice(1).map(async (name) => await gateway.person(name)));
  const body = must(await set(admission({ accounts: most.map(({ alias }) => alias) })), 200).body;
  expect(body["accounts"]).toHaveLength(LIMITS.listedAccounts);
});
