import { randomText, type RandomBytes } from "../entities/ids.ts";
import { LIMITS } from "../entities/limits.ts";
import type { Handler } from "./context.ts";
import type { Drain } from "./server.ts";

const VISIBLE = new RegExp(`^[\\x21-\\x7e]{1,${LIMITS.requestIdCharacters}}$`);
const CHARACTERS = 20;

/** Echoes `X-Request-ID` exactly, or makes one: an id that cannot be trusted in a log is not refused but replaced. */
export function requestId(random: RandomBytes, drain: Drain): Handler {
  return (request, response, next) => {
    const sent = request.headers["x-request-id"];
    const id = typeof sent === "string" && VISIBLE.test(sent) ? sent : randomText(random, CHARACTERS);
    response.locals.requestId = id;
    response.locals.route = "none";
    response.setHeader("X-Request-ID", id);
    response.setHeader("Cache-Control", "no-store"); // A decision, a record, a refusal: all of them age at once.
    if (drain.isDraining) response.setHeader("Connection", "close");
    next();
  };
}
