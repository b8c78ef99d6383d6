import type { GatewayHome, GatewayProcess } from "./gateway-process.ts";
import type { Chance } from "./seed.ts";

/** Gateways on one ledger that are killed and started again. */
export interface Fleet {
  /** Of one that runs, as far as anybody knows; waits while none does. */
  url(): Promise<string>;
  /** SIGKILL to one of those that run, which is then started again; to none when none runs. */
  killOne(): void;
  /** Resolves when all of them run. */
  whole(): Promise<void>;
  stop(): Promise<void>;
}

export async function startFleet(home: GatewayHome, size: number, chance: Chance): Promise<Fleet> {
  const running = new Set(await Promise.all(Array.from({ length: size }, async () => await home.start())));
  const restarts = new Set<Promise<void>>();
  const restart = async (dead: GatewayProcess): Promise<void> => {
    await dead.kill();
    running.add(await home.start());
  };
  const oneOf = (): GatewayProcess | undefined => [...running][chance.below(running.size)];
  const whole = async (): Promise<void> => {
    await Promise.all(restarts);
  };
  return {
    whole,
    url: async () => {
      while (running.size === 0 && restarts.size > 0) await Promise.race(restarts);
      const one = oneOf();
      if (one === undefined) throw new Error("the fleet is stopped");
      return one.url;
    },
    killOne: () => {
      const victim = oneOf();
      if (victim === undefined) return;
      running.delete(victim);
      const restarted = restart(victim).finally(() => restarts.delete(restarted));
      restarts.add(restarted);
    },
    stop: async () => {
      await whole();
      const last = [...running];
      running.clear();
      await Promise.all(last.map(async (each) => await each.kill()));
    },
  };
}
