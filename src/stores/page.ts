import type { Page, PageRequest } from "../entities/records.ts";

/** A row as the driver gives it: `timestamptz` is a Date there and text outside. */
export type Dated<Item> = { readonly [Key in keyof Item]: Key extends `${string}At` | "at" ? Date : Item[Key] };

/** Makes a page of rows that were asked for with one more than fits; `key` is what the rows are ordered by. */
export function pageOf<Item extends object>(
  rows: readonly Dated<Item>[],
  page: PageRequest,
  key: (item: Item) => string,
): Page<Item> {
  const items = rows.slice(0, page.size).map((row) => withTimes(row));
  const last = items.at(-1);
  return { items, next: rows.length > page.size && last !== undefined ? key(last) : null };
}

function withTimes<Item extends object>(row: Dated<Item>): Item {
  const entries = Object.entries(row).map(([name, value]) => [
    name,
    value instanceof Date ? value.toISOString() : value,
  ]);
  return Object.fromEntries(entries) as Item; // Dated<Item> with its dates as text is an Item
}
