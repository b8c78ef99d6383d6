import { readdirSync, readFileSync } from "node:fs";

/** CPU time of processes so far, from Linux' /proc; nothing elsewhere. A tick is 10 ms on every Linux that Node runs on. */
const TICK_MS = 10;

/** Ourselves, with all the programs that were run and have ended. */
const PROGRAMS = "programs";

export type CpuTimes = Readonly<Record<string, number>>;

/** Milliseconds by name; `machine`: of everything that runs on it. */
export function cpuTimes(pids: Readonly<Record<string, number | undefined>>): CpuTimes {
  if (process.platform !== "linux") return {};
  const times: Record<string, number> = { machine: machineMs() };
  for (const [name, pid] of Object.entries(pids)) {
    const own = pid === undefined ? undefined : readProcess(pid);
    if (own === undefined) continue;
    if (name === "postgres") times[name] = own.totalMs + backendsMs(own.pid);
    else times[name] = name === PROGRAMS ? own.totalMs : own.liveMs;
  }
  return times;
}

/** What was used between the two, by name. */
export function cpuBetween(before: CpuTimes, after: CpuTimes): CpuTimes {
  return Object.fromEntries(Object.entries(after).map(([name, ms]) => [name, ms - (before[name] ?? 0)]));
}

interface ProcessTimes {
  readonly pid: number;
  readonly parent: number;
  readonly liveMs: number;
  /** With its children that have ended. */
  readonly totalMs: number;
}

function backendsMs(postmaster: number): number {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const backends = pids.map((pid) => readProcess(Number(pid))).filter((times) => times?.parent === postmaster);
  return backends.reduce((sum, times) => sum + (times?.liveMs ?? 0), 0);
}

/** proc_pid_stat(5): fields 4 (parent) and 14 to 17 (times). The name before them may hold anything. */
function readProcess(pid: number): ProcessTimes | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15).map(Number);
    const liveMs = (user + system) * TICK_MS;
    return { pid, parent: Number(fields[1]), liveMs, totalMs: liveMs + (childUser + childSystem) * TICK_MS };
  } catch {
    return undefined; // It ended in between.
  }
}

/** proc_stat(5): everything but idle, waiting for disks and stolen. */
function machineMs(): number {
  const line = /^cpu +(.*)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1] ?? "";
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(" ").map(Number);
  return (user + nice + system + irq + softirq) * TICK_MS;
}
