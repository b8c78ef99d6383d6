import type { Request, RequestHandler, Response } from "express";

/** What the first middleware puts beside each request. */
export interface Locals {
  requestId: string;
  /** The pattern of the route that answers, for the log: never the path itself, which carries ids and aliases. */
  route: string;
  /** The policy unit that the route's answer is taken by; none before a route has it. */
  unit?: string;
  /** Of the caller's trace, where there is one. */
  traceId?: string;
}

type Parameters = Record<string, string | string[]>;
export type Incoming = Request<Parameters, unknown, unknown, unknown, Locals>;
export type Outgoing = Response<unknown, Locals>;
export type Handler = RequestHandler<Parameters, unknown, unknown, unknown, Locals>;
