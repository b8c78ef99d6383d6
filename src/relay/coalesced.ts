/**
 * Runs `work` for one key at a time. Who asks while a run is under way gets the next one, shared by all who ask until it begins:
 * so a run always sees what was there when it was asked for, and a key has at most two runs in hand.
 */
export function coalesced<Result>(work: (key: string) => Promise<Result>): (key: string) => Promise<Result> {
  interface Slot {
    readonly current: Promise<Result>;
    next: Promise<Result> | undefined;
  }
  const slots = new Map<string, Slot>();
  const begin = async (key: string): Promise<Result> => {
    const current = work(key).finally(() => {
      if (slots.get(key)?.next === undefined) slots.delete(key);
    });
    slots.set(key, { current, next: undefined });
    return await current;
  };
  return async (key) => {
    const slot = slots.get(key);
    if (slot === undefined) return await begin(key);
    const again = async (): Promise<Result> => await begin(key);
    slot.next ??= slot.current.then(again, again);
    return await slot.next;
  };
}
