import { Agent, request } from "node:http";
import { cpuBetween, type CpuTimes } from "./cpu.ts";
import { type Comparison, compare, seeded } from "./compare.ts";
import { othersOf } from "./results.ts";
import type { Setting } from "./setting.ts";
import type { World } from "./world.ts";

/** Can a stranger tell by the clock whether something exists? One question about a foreign thing, and the same about none. */
interface Probe extends Sent {
  readonly foreign: Asked;
  readonly unknown: Asked;
}

interface Sent {
  readonly name: string;
  readonly token: string;
  readonly method: "GET" | "PATCH" | "POST";
  readonly status: number;
}

interface Asked {
  readonly path: string;
  readonly body?: object;
}

export interface Secrecy extends Comparison {
  readonly name: string;
  readonly samples: number;
  /** The part of this machine's CPU time that somebody else used. */
  readonly others: number;
}

const WARM_UP = 1_000;
const STRANGER = "stranger";
const NONE = "0".repeat(20);

/** Of each comparison, one after the other. */
export async function measureSecrecy(
  setting: Setting,
  samples: number,
  report: (line: string) => void,
): Promise<Secrecy[]> {
  const random = seeded(42);
  const found: Secrecy[] = [];
  for (const probe of await probesOf(setting.world, setting.gatewayUrl)) {
    report(`Secrecy: ${probe.name}, twice ${samples} samples`);
    const { others, foreign, unknown } = await measured(setting, probe, samples, random);
    found.push({ name: probe.name, samples, others, ...compare(foreign, unknown, random) });
  }
  return found;
}

/** One connection, one question at a time: nothing of ours disturbs the measurement. */
async function measured(
  setting: Setting,
  probe: Probe,
  samples: number,
  random: () => number,
): Promise<Times & Pick<Secrecy, "others">> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const send = async (asked: Asked): Promise<number> => await timed(setting.gatewayUrl, agent, probe, asked);
  try {
    await interleaved(probe, WARM_UP, random, send);
    const [before, startedAt] = [setting.cpu(), performance.now()];
    const times = await interleaved(probe, samples, random, send);
    return { ...times, others: othersDuring(before, setting.cpu(), performance.now() - startedAt) };
  } finally {
    agent.destroy(); // the gateway would end it while the figures are compared
  }
}

export function othersDuring(before: CpuTimes, after: CpuTimes, ms: number): number {
  const { bench = 0, ...cpu } = cpuBetween(before, after);
  return othersOf({ ...cpu, bench }, ms / 1_000);
}

interface Times {
  readonly foreign: Float64Array;
  readonly unknown: Float64Array;
}

/** In pairs, and which of a pair comes first is drawn: what changes with time falls on both. */
async function interleaved(
  { foreign, unknown }: Probe,
  samples: number,
  random: () => number,
  send: (asked: Asked) => Promise<number>,
): Promise<Times> {
  const times = { foreign: new Float64Array(samples), unknown: new Float64Array(samples) };
  for (let index = 0; index < samples; index += 1) {
    const isForeignFirst = random() < 0.5;
    if (isForeignFirst) times.foreign[index] = await send(foreign);
    times.unknown[index] = await send(unknown);
    if (!isForeignFirst) times.foreign[index] = await send(foreign);
  }
  return times;
}

/** Milliseconds until the whole answer is there. */
export async function timed(origin: string, agent: Agent, probe: Sent, { path, body }: Asked): Promise<number> {
  const { method, token, status } = probe;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    authorization: `Bearer ${token}`,
    ...(text !== undefined && { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
  };
  const start = performance.now();
  return await new Promise((resolve, reject) => {
    const sent = request(`${origin}${path}`, { method, agent, headers }, (response) => {
      response.resume().once("end", () => {
        const ms = performance.now() - start;
        if (response.statusCode === status) resolve(ms);
        else reject(new Error(`${probe.name}: ${method} ${path} answered ${response.statusCode ?? 0}, not ${status}`));
      });
    });
    sent.once("error", reject).end(text);
  });
}

/** The last one compares two things that do not exist: what it finds is chance. */
async function probesOf(world: World, url: string): Promise<Probe[]> {
  const [organization] = world.organizations;
  const anchor = organization?.applications[0] ?? "";
  const slug = organization?.slug ?? "";
  const absent = slug.replaceAll(/./g, "x");
  const invitation = await invite(world, url);
  const read = { token: await world.tokenOf(STRANGER), method: "GET", status: 403 } as const;
  const at = (of: string): string => `/v1/organizations/${of}`;
  const check = (id: string): Asked => {
    const subject = { type: "account", id: STRANGER };
    return {
      path: "/access/v1/evaluation",
      body: { subject, action: { name: "view" }, resource: { type: "application", id } },
    };
  };
  const checks = { method: "POST", status: 200, foreign: check(anchor), unknown: check(`app-${NONE}`) } as const;
  const application = { foreign: { path: `${at(slug)}/applications/${anchor}` } };
  const body = { name: "Renamed" };
  return [
    { ...read, name: "read an organization", foreign: { path: at(slug) }, unknown: { path: at(absent) } },
    {
      ...{ ...read, name: "read an application" },
      ...{ ...application, unknown: { path: `${at(absent)}/applications/app-${NONE}` } },
    },
    { ...read, ...checks, name: "a person's check" },
    { ...read, ...checks, token: await world.serviceToken(["elsewhere"]), name: "a bound service's check" },
    {
      ...{ ...read, method: "PATCH", name: "rename an organization" },
      ...{ foreign: { path: at(slug), body }, unknown: { path: at(absent), body } },
    },
    {
      ...{ ...read, status: 404, name: "read an invitation" },
      ...{ foreign: { path: `/v1/invitations/${invitation}` }, unknown: { path: `/v1/invitations/inv-${NONE}` } },
    },
    {
      ...{ ...read, name: "none and none" },
      ...{ foreign: { path: at(absent) }, unknown: { path: at(absent.replaceAll("x", "y")) } },
    },
  ];
}

async function invite({ organizations, crowd, tokenOf }: World, url: string): Promise<string> {
  const [organization] = organizations;
  const response = await fetch(`${url}/v1/organizations/${organization?.slug ?? ""}/invitations`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${await tokenOf(organization?.owners[0] ?? "")}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ alias: crowd.members[0], role: "viewer" }),
  });
  const { id } = (await response.json()) as { readonly id?: string };
  if (id === undefined) throw new Error(`the invitation answered ${response.status}`);
  return id;
}
