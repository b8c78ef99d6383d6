import * as z from "zod";
import { LOCAL_ENGINE_ERROR_CODES } from "./error.ts";
import { processMark } from "./process-mark.ts";

/** What gateway and supervisor say to each other. Both are files of one checkout; the schemas catch mistakes, not strangers. */
const port = z.int().min(1).max(65_535).optional();

const ports = z.strictObject({
  postgres: port,
  openfga: port,
  openfgaGrpc: port,
  cerbos: port,
  cerbosHttp: port,
});

export const startOrder = z.strictObject({
  stateDir: z.string(),
  policyDir: z.string(),
  need: z.strictObject({ postgres: z.boolean(), openfga: z.boolean(), cerbos: z.boolean() }),
  durable: z.boolean(),
  ports,
  openfgaDatabaseUrl: z.string().optional(),
  secrets: z.strictObject({ postgresPassword: z.string(), openfgaPresharedKey: z.string() }),
  environment: z.record(z.string(), z.string()),
  gateway: processMark,
});
export type StartOrder = z.infer<typeof startOrder>;

export const endpoints = z.strictObject({
  databaseUrl: z.string().optional(),
  openfga: z.strictObject({ apiUrl: z.string(), presharedKey: z.string() }).optional(),
  cerbosTarget: z.string().optional(),
});
export type Endpoints = z.infer<typeof endpoints>;

export const toSupervisor = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("start"), order: startOrder }),
  z.strictObject({ type: z.literal("stop") }),
  z.strictObject({ type: z.literal("startCerbos"), id: z.int(), policyDir: z.string() }),
  z.strictObject({ type: z.literal("stopCerbos"), id: z.int(), target: z.string() }),
]);
export type ToSupervisor = z.infer<typeof toSupervisor>;

export const engineRecord = z.strictObject({ name: z.enum(["postgres", "openfga", "cerbos"]), mark: processMark });
export type EngineRecord = z.infer<typeof engineRecord>;

export const fromSupervisor = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("line"), line: z.string() }),
  z.strictObject({ type: z.literal("launched"), engine: engineRecord }),
  z.strictObject({ type: z.literal("ready"), endpoints }),
  z.strictObject({ type: z.literal("failed"), code: z.enum(LOCAL_ENGINE_ERROR_CODES).optional(), message: z.string() }),
  z.strictObject({ type: z.literal("cerbosStarted"), id: z.int(), target: z.string() }),
  z.strictObject({
    type: z.literal("cerbosFailed"),
    id: z.int(),
    code: z.enum(LOCAL_ENGINE_ERROR_CODES),
    message: z.string(),
  }),
  z.strictObject({ type: z.literal("cerbosStopped"), id: z.int(), mark: processMark }),
  z.strictObject({
    type: z.literal("exited"),
    name: z.enum(["postgres", "openfga", "cerbos"]),
    code: z.number().nullable(),
    signal: z.string().nullable(),
    target: z.string().optional(), // of a Cerbos
  }),
]);
export type FromSupervisor = z.infer<typeof fromSupervisor>;
