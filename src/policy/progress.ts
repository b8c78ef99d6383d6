/** Nobody waits in silence for longer than this. */
const SILENT_MS = 2_000;

export interface Progress extends Disposable {
  readonly told: (words: string) => void;
}

/**
 * Says again and again, by time, what was told last: a step that takes long reports nothing while it does.
 * @param say takes a line: `4 s: sector (3 of 7)`
 */
export function progressFrom(begin: string, say: (line: string) => void, silentMs = SILENT_MS): Progress {
  let last = begin;
  const startedAt = performance.now();
  const timer = setInterval(() => {
    say(`${((performance.now() - startedAt) / 1000).toFixed(0)} s: ${last}`);
  }, silentMs);
  return { told: (words) => void (last = words), [Symbol.dispose]: () => clearInterval(timer) };
}
