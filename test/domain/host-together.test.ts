/** Items of a batch about things of a host's kind: asked together, answered as each is alone. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { Deps } from "../../src/domain/deps.ts";
import { AppError, cannotDecide } from "../../src/entities/errors.ts";
import { countCalls } from "../support/call-counter.ts";
import { type Documents, documentLine, foundDocuments } from "../support/document-world.ts";
import { DOCUMENTS } from "../support/documents.ts";
import { type Answered, type Person, startTestGateway, type TestGateway } from "../support/gateway.ts";
import { addMember, must, undrawn } from "../support/world.ts";

let gateway: TestGateway;
let alice: Person;
let bob: Person;
let documents: Documents;
let deps: Deps;
let whole: Pick<Deps, "graph" | "admit">;

beforeAll(async () => {
  gateway = await startTestGateway({ hostPolicies: [DOCUMENTS] });
  [alice, bob] = [await gateway.person("alice"), await gateway.person("bob")];
  documents = await foundDocuments(gateway, alice);
  await addMember(alice, documents.slug, bob, "viewer");
  const odd = Array.from({ length: 10 }, (_, index) =>
    documentLine(`d-${index}`, ...(index % 2 === 1 ? [bob.alias] : [])),
  );
  await documents.store(odd);
  deps = gateway.gateway.deps;
  whole = { graph: deps.graph, admit: deps.admit };
});
afterEach(() => void Object.assign(deps, whole));
afterAll(async () => await gateway.close());

interface Question {
  readonly subject: object;
  readonly action: object;
  readonly resource: object;
}

const question = (id: string, action = "view", alias = bob.alias): Question => ({
  subject: { type: "account", id: alias },
  action: { name: action },
  resource: { type: "document", id },
});
const TEN = Array.from({ length: 10 }, (_, index) => `d-${index}`);

async function batch(
  evaluations: readonly object[],
  semantic = "execute_all",
  at = `/o/${documents.slug}`,
): Promise<Answered> {
  return await documents.keeper.post(`${at}/access/v1/evaluations`, {
    evaluations,
    options: { evaluations_semantic: semantic },
  });
}

const itemsOf = (answer: Answered): { decision: boolean }[] =>
  must(answer, 200).body["evaluations"] as { decision: boolean }[];
const decisionsOf = (answer: Answered): boolean[] => itemsOf(answer).map(({ decision }) => decision);

describe("Ten documents and one subject", () => {
  test.each([
    ["at the organization's own path", true],
    ["at the plain path", false],
  ])("cost what one costs, %s", async (_where, isOwn) => {
    const at = isOwn ? `/o/${documents.slug}` : "";
    const { keeper } = documents;
    const counter = countCalls(gateway);
    const one = await counter.counted(async () => await keeper.post(`${at}/access/v1/evaluation`, question("d-1")));
    const ten = await counter.counted(
      async () =>
        await batch(
          TEN.map((id) => question(id)),
          "execute_all",
          at,
        ),
    );
    expect(decisionsOf(ten.answer)).toEqual(TEN.map((_id, index) => index % 2 === 1));
    expect([ten.calls.named, ten.calls.graph]).toEqual([one.calls.named, one.calls.graph]);
    expect([one.calls.policies, ten.calls.policies]).toEqual([1, 10]);
  });

  test("are answered to the byte as each is alone, whatever else is in the batch", async () => {
    const more = [question("d-1", "edit"), question("d-2", "fly"), question("none"), question("d-1"), question("d-1")];
    const others = [question("d-1", "view", alice.alias), question("d-1", "view", "nobody")];
    const sent = [
      { ...question("d-1"), context: { reason: "x" } },
      { ...question("d-3"), context: { reason: "y" } },
    ];
    const asked = [...TEN.map((id) => question(id)), ...more, ...others, ...sent];
    for (const at of [`/o/${documents.slug}`, "", "/o/elsewhere"]) {
      const items = itemsOf(await batch(asked, "execute_all", at));
      for (const [index, item] of items.entries()) {
        const single = await documents.keeper.post(`${at}/access/v1/evaluation`, asked[index] ?? {});
        expect([asked[index], undrawn({ text: JSON.stringify(item) })]).toEqual([asked[index], undrawn(single)]);
      }
      expect(items).toHaveLength(asked.length);
    }
  });

  test("end with the first denial or permit where that is asked for", async () => {
    const asked = ["d-1", "d-3", "d-2", "d-5", "d-4"].map((id) => question(id));
    expect(decisionsOf(await batch(asked, "deny_on_first_deny"))).toEqual([true, true, false]);
    expect(decisionsOf(await batch(asked.slice(2), "permit_on_first_permit"))).toEqual([false, true]);
  });
});

describe("One that cannot be decided", () => {
  const withoutAnswer = async (id: string): Promise<void> => {
    const object = await documents.objectOf("document", id);
    const holds: Deps["graph"]["holds"] = async (tuples, timeoutMs) => {
      if (tuples.some((tuple) => tuple.object === object)) throw cannotDecide("openfga", new Error("for the test"));
      return await whole.graph.holds(tuples, timeoutMs);
    };
    Object.assign(deps, { graph: { ...whole.graph, holds } });
  };

  test("leaves those before the deciding one theirs, and takes those behind it with it", async () => {
    await withoutAnswer("d-5");
    const asked = ["d-1", "d-2", "d-5"].map((id) => question(id));
    expect(decisionsOf(await batch(asked, "deny_on_first_deny"))).toEqual([true, false]);
    expect((await batch(asked)).body.code).toBe("CANNOT_DECIDE");
    expect((await batch([...asked].reverse(), "deny_on_first_deny")).body.code).toBe("CANNOT_DECIDE");
  });
});

describe("The organization's budget", () => {
  test("is taken of for each; where it ends, those before it have their answers", async () => {
    let left = 2;
    const admit: Deps["admit"] = async () => {
      left -= 1;
      if (left < 0) throw new AppError("RATE_LIMITED", "for the test", { retryAfterSeconds: 1 });
      await Promise.resolve();
    };
    Object.assign(deps, { admit });
    const asked = ["d-1", "d-2", "d-3"].map((id) => question(id));
    expect(decisionsOf(await batch(asked, "deny_on_first_deny"))).toEqual([true, false]);
    expect(left).toBe(-1);
    left = 2;
    expect((await batch(asked)).body.code).toBe("RATE_LIMITED");
    left = 3;
    expect(decisionsOf(await batch(asked))).toEqual([true, false, true]);
  });
});
