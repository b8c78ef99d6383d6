import { GRPC } from "@cerbos/grpc";

type Check = GRPC["checkResources"];
export type Results = Awaited<ReturnType<Check>>["results"];

/** What Cerbos' results become before anybody in this process reads them; undefined: they stay as they are. */
export interface CerbosTamper {
  tamper(how: ((results: Results) => Results) | undefined): void;
  close(): void;
}

/** Its answers are no JSON that a proxy could change: they are changed where the client has read them. */
export function tamperCerbos(): CerbosTamper {
  const check: Check = Reflect.get(GRPC.prototype, "checkResources");
  let how: ((results: Results) => Results) | undefined;
  Object.defineProperty(GRPC.prototype, "checkResources", {
    configurable: true,
    value: async function (this: GRPC, ...asked: Parameters<Check>) {
      const answer = await check.apply(this, asked);
      return Object.assign(answer, { results: how?.(answer.results) ?? answer.results });
    },
  });
  return {
    tamper: (given) => {
      how = given;
    },
    close: () => void Reflect.deleteProperty(GRPC.prototype, "checkResources"),
  };
}

/** Each result with other members. */
export function each(change: (result: Results[number]) => Partial<Results[number]>): (results: Results) => Results {
  return (results) =>
    results.map(
      (result) =>
        Object.assign(
          Object.create(Object.getPrototypeOf(result) as object),
          result,
          change(result),
        ) as Results[number],
    );
}
