/** In development the embedded Cerbos serves policies that change in their folders by itself. */
import { type FSWatcher, watch } from "node:fs";
import type { Reporting } from "./assemble.ts";
import type { Deploys } from "./domain/deps.ts";
import { AppError } from "./entities/errors.ts";

/** An editor writes a file in several steps, and git many files one after the other. */
const QUIET_MS = 300;

export interface Watch {
  /** Resolves when nothing is under way any more. */
  close(): Promise<void>;
}

/** Reloads when nothing has changed for a moment. What is broken is told, and nothing changes. */
export function watchPolicies(folders: readonly string[], deploys: Deploys, reporting: Reporting): Watch {
  let timer: NodeJS.Timeout | undefined;
  let underWay = Promise.resolve();
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      underWay = underWay.then(async () => await serveChanged(deploys, reporting, soon));
    }, QUIET_MS).unref();
  };
  const watchers = folders.flatMap((folder) => watching(folder, soon, reporting));
  return {
    close: async () => {
      for (const watcher of watchers) watcher.close();
      clearTimeout(timer);
      await underWay;
    },
  };
}

async function serveChanged(deploys: Deploys, { report }: Reporting, again: () => void): Promise<void> {
  try {
    const prepared = await deploys.prepare({ isCheckOnly: false });
    prepared.serve();
    await prepared.end();
  } catch (error) {
    if (error instanceof AppError && error.code === "RELOAD_UNDER_WAY") {
      again();
      return;
    }
    const problem = error instanceof Error ? error.message : String(error);
    report(`The policies changed, and what was served goes on: ${problem}`);
  }
}

function watching(folder: string, soon: () => void, { report }: Reporting): FSWatcher[] {
  const giveUp = (error: Error): void => report(`Changes of ${folder} are not noticed any more: ${error.message}`);
  try {
    return [watch(folder, { recursive: true, persistent: false }, soon).on("error", giveUp)];
  } catch (error) {
    giveUp(error instanceof Error ? error : new Error(String(error))); // too many are watched on this machine
    return [];
  }
}
