/** What a changing route is asked, and what it should write into the audit log. */
import { expect } from "@jest/globals";
import type { Stage } from "../faults/repeatable-posts.ts";
import type { Person } from "../support/gateway.ts";

export interface Asked {
  readonly by: Person;
  readonly path: string;
  /** A text: lines. */
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Ask = (stage: Stage) => Promise<Asked>;
export type Told = readonly [action: string, target: string, before: object | null, after: object | null];

export interface Expected {
  /** Of the matrix; null: no policy is asked. */
  readonly rule: string | null;
  readonly events: readonly Told[];
  /** Of what is no POST (faults/repeatable-posts.ts): a request that changes something. */
  readonly ask?: Ask;
}

export const TEXT: unknown = expect.any(String);
export const retired = [{ state: "enabled" }, { state: "retired" }] as const;
export const enabled = [{ state: "retired" }, { state: "enabled" }] as const;
export const renamed = [{ name: TEXT }, { name: "Renamed" }] as const;
