import type { Exchange } from "./exchange.ts";
import { idOf, isSeenBy, libraryOf, READERS } from "./library.ts";
import { lotsOf } from "../src/entities/parallel.ts";
import type { Options } from "./options.ts";
import { questionsAbout } from "./questions.ts";
import { type Rates, ratesOf, type Round } from "./results.ts";
import type { Setting } from "./setting.ts";

/** How many decisions come out of a batch, beside the same questions one at a time. */
export interface Batching {
  readonly name: string;
  readonly questions: number; // a request
  readonly rates: Rates;
}

const SIZE = 50;
/** Two clients, each with one request on its way: fifty questions in one, or one after the other. */
const LANES = 2;
const WARM_UP_SECONDS = 5;
const ROUNDS = 2; // at most

export async function measureBatches(
  setting: Setting,
  { rounds, seconds }: Options,
  report: (line: string) => void,
): Promise<Batching[]> {
  const builtIn = (await questionsAbout(setting.world)).slice(0, LANES);
  const documents = await questionsAboutDocuments(setting);
  const asked = [
    { name: "organizations and applications", lanes: builtIn },
    { name: "documents", lanes: documents },
  ];
  const found: Batching[] = [];
  for (const { name, lanes } of asked) {
    const batches = lanes.map((lane) => lotsOf(lane, SIZE).map(inOne));
    for (const [questions, load] of [[SIZE, batches] as const, [1, lanes] as const]) {
      report(`Batches: ${name}, ${questions} a request`);
      await setting.measure(setting.gatewayUrl, load, WARM_UP_SECONDS);
      const each: Round[] = [];
      for (let round = 1; round <= Math.min(rounds, ROUNDS); round += 1) {
        each.push(await setting.measure(setting.gatewayUrl, load, seconds));
      }
      found.push({ name, questions, rates: ratesOf(each) });
    }
  }
  return found;
}

function inOne(questions: readonly Exchange[]): Exchange {
  const [first] = questions;
  if (first === undefined) throw new Error("a batch without questions");
  return {
    ...first,
    path: "/access/v1/evaluations",
    body: { evaluations: questions.map(({ body }) => body) },
    expected: {
      status: 200,
      members: {},
      decisions: questions.map(({ expected }) => expected.members["decision"] === true),
    },
  };
}

/** Each reader about documents in an order of its own, half of them allowed to the first. */
async function questionsAboutDocuments(setting: Setting): Promise<Exchange[][]> {
  const { token, size } = await libraryOf(setting, 1_000);
  return Array.from({ length: LANES }, (_, lane) =>
    Array.from({ length: size }, (_unused, index): Exchange => {
      const number = (index * 7 + lane * 131) % size;
      const { alias, every } = READERS[(lane + index) % READERS.length] ?? READERS[0];
      return {
        ...{ token, method: "POST", path: "/access/v1/evaluation" },
        body: {
          subject: { type: "account", id: alias },
          action: { name: "view" },
          resource: { type: "document", id: idOf("document", number) },
        },
        expected: { status: 200, members: { decision: isSeenBy(every, number) } },
      };
    }),
  );
}
