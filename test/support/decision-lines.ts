import { expect } from "@jest/globals";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { eventually } from "./eventually.ts";
import type { Answered, TestGateway } from "./gateway.ts";

/** All that the log of decisions of this gateway holds. */
export function logged(gateway: TestGateway): string {
  const folder = gateway.config.decisionLog?.folder ?? "";
  return readdirSync(folder)
    .map((name) => readFileSync(path.join(folder, name), "utf8"))
    .join("");
}

/** Each line, parsed. */
export function linesOf<Line>(gateway: TestGateway): Line[] {
  return logged(gateway)
    .split("\n")
    .filter((text) => text !== "")
    .map((text) => JSON.parse(text) as Line);
}

/** The one line of this answer, once it is written. */
export async function lineOf<Line extends { readonly id: string }>(
  gateway: TestGateway,
  { body }: Answered,
): Promise<Line> {
  const { id } = body["context"] as { readonly id: string };
  return await eventually(() => {
    const [found, ...others] = linesOf<Line>(gateway).filter((line) => line.id === id);
    if (found === undefined) throw new Error(`there is no line ${id} yet`);
    expect(others).toEqual([]);
    return found;
  });
}
