import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { addApplication, addMember, must } from "./world.ts";
import { personAt, serviceAt } from "./own-gateway.ts";

/** Who is asked about, and what: one question that each role from `viewer` to `owner` answers differently. */
const PEOPLE = ["alice", "bob", "carol", "dave"];
const ACTIONS = ["view", "update", "rotate_keys", "retire"];
const SLUG = "acme";

export interface Drill {
  readonly anchor: string;
}

/** Alice owns acme; Bob is a member, Carol an admin; there is an application. Dave is only known. */
export async function foundAcme(url: string, stateDir: string): Promise<Drill> {
  const [alice, bob, carol] = await Promise.all([
    personAt(url, stateDir, "alice"),
    personAt(url, stateDir, "bob"),
    personAt(url, stateDir, "carol"),
    personAt(url, stateDir, "dave"),
  ]);
  must(await alice.post("/v1/organizations", { slug: SLUG, name: "Acme" }), 201);
  await addMember(alice, SLUG, bob, "member");
  await addMember(alice, SLUG, carol, "admin");
  const { anchor } = await addApplication(alice, SLUG);
  return { anchor };
}

/** After the backup: Bob is removed, Dave comes as an admin, Carol becomes an Owner, there are a second application and organization. */
export async function goOn(url: string, stateDir: string): Promise<void> {
  const alice = await personAt(url, stateDir, "alice");
  const dave = await personAt(url, stateDir, "dave");
  must(await alice.delete(`/v1/organizations/${SLUG}/members/bob`), 204);
  await addMember(alice, SLUG, dave, "admin");
  must(await alice.patch(`/v1/organizations/${SLUG}/members/carol`, { role: "owner" }), 200);
  await addApplication(alice, SLUG);
  must(await alice.post("/v1/organizations", { slug: "later", name: "Later" }), 201);
}

export interface Answer {
  readonly decision: boolean;
  readonly graph: unknown;
  /** The whole of it but what the graph says. */
  readonly rest: unknown;
}

/** What everybody may do, by `person action`. */
export async function decisions(url: string, stateDir: string, { anchor }: Drill): Promise<Record<string, Answer>> {
  const shop = await serviceAt(url, stateDir);
  const answers: Record<string, Answer> = {};
  for (const person of PEOPLE) {
    for (const action of ACTIONS) {
      const subject = { type: "account", id: person };
      const question = { subject, action: { name: action }, resource: { type: "application", id: anchor } };
      const { body } = must(await shop.post("/access/v1/evaluation", question), 200);
      const { graph, ...rest } = body["context"] as Record<string, unknown>;
      answers[`${person} ${action}`] = { decision: body["decision"] === true, graph, rest: { ...rest, id: "" } }; // drawn for each
    }
  }
  return answers;
}

export function allowed(answers: Readonly<Record<string, Answer>>): string[] {
  return Object.entries(answers).flatMap(([question, { decision }]) => (decision ? [question] : []));
}

export function graphWords(answers: Readonly<Record<string, Answer>>): unknown[] {
  return [...new Set(Object.values(answers).map(({ graph }) => graph))];
}

/** Every folder and file, and its permissions. */
export function modesIn(root: string): string[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const modes = entries.map((entry) => {
    const mode = statSync(path.join(entry.parentPath, entry.name)).mode & 0o777;
    return `${entry.isDirectory() ? "folder" : "file"} ${mode.toString(8)}`;
  });
  return [...new Set([...modes, `folder ${(statSync(root).mode & 0o777).toString(8)}`])].sort();
}
