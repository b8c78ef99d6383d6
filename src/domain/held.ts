/**
 * The one of its kind that counts at a moment. Who begins takes it and keeps it to the end, so nobody ever works with two; whoever
 * replaces it hears when the one before is needed no more.
 */
export interface Held<Value> {
  readonly current: Value;
  /** Does the work with the one of this moment, which is kept for it. */
  use<Result>(work: Use<Value, Result>): Promise<Result>;
  /** Resolves when nobody uses the one before any more, or when that has taken `patienceMs`. */
  replace(next: Value): Promise<void>;
}

export type Use<Value, Result> = (value: Value) => Promise<Result>;

interface Entry<Value> {
  readonly value: Value;
  users: number;
  readonly unused: PromiseWithResolvers<void>;
  isReplaced: boolean;
}

export function hold<Value>(first: Value, patienceMs: number): Held<Value> {
  let current = entryOf(first);
  return {
    get current() {
      return current.value;
    },
    use: async (work) => {
      const entry = current;
      entry.users += 1;
      try {
        return await work(entry.value);
      } finally {
        entry.users -= 1;
        if (entry.isReplaced && entry.users === 0) entry.unused.resolve();
      }
    },
    replace: async (next) => {
      const before = current;
      current = entryOf(next);
      before.isReplaced = true;
      if (before.users === 0) return;
      const timer = setTimeout(() => before.unused.resolve(), patienceMs).unref();
      await before.unused.promise;
      clearTimeout(timer);
    },
  };
}

function entryOf<Value>(value: Value): Entry<Value> {
  return { value, users: 0, unused: Promise.withResolvers(), isReplaced: false };
}
