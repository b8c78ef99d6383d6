/** A service that keeps documents, and lets Bailiwick say who may do what with them. */
import express, { type ErrorRequestHandler, type RequestHandler } from "express";
import { ask, guarded, Unanswered } from "./guard.ts";

const { BAILIWICK_URL = "http://127.0.0.1:8080", BAILIWICK_TOKEN = "", PORT = "8081" } = process.env;
const ENTITIES = `${BAILIWICK_URL}/v1/organizations/harbour/entities`;

/** The documents themselves are this service's; Bailiwick has what decides about them: where they lie, whose they are, their state. */
const documents = new Map<string, { readonly id: string; readonly text: string }>();
for (const id of ["foundations", "permit", "budget"]) documents.set(id, { id, text: `What stands in the ${id}.` });

/**
 * Who calls. Bailiwick tells whose token it is; a service that signs people in itself knows. What matters is that it is the alias, by which a
 * question names a person.
 */
const signedIn: RequestHandler = async (request, response, next) => {
  const headers = { authorization: request.get("authorization") ?? "" };
  const asked = fetch(`${BAILIWICK_URL}/v1/me`, { headers, signal: AbortSignal.timeout(2_000) });
  const answer = await asked.catch(() => undefined);
  if (answer?.status === 401 || answer?.status === 403) return void response.status(401).json({ error: "sign in" });
  const me = answer?.ok === true ? ((await answer.json()) as { alias?: unknown }) : {};
  if (typeof me.alias !== "string") throw new Unanswered(answer?.status);
  response.locals["alias"] = me.alias;
  next();
};

/** A fact that decides changes where it is kept. */
async function storeState(id: string, state: "open" | "locked"): Promise<void> {
  const stored = await fetch(`${ENTITIES}/document/${encodeURIComponent(id)}`, {
    method: "PATCH",
    headers: { authorization: `Bearer ${BAILIWICK_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ attributes: { state } }),
    signal: AbortSignal.timeout(2_000),
  }).catch(() => undefined);
  if (stored?.ok !== true) throw new Unanswered(stored?.status);
}

/** Those alone that the caller may see: Bailiwick finds them, this service looks them up. Its page is the list's page. */
const list: RequestHandler = async (request, response) => {
  const token = typeof request.query["page"] === "string" ? request.query["page"] : "";
  const { results, page } = (await ask("/access/v1/search/resource", {
    subject: { type: "account", id: response.locals["alias"] as string },
    action: { name: "view" },
    resource: { type: "document" },
    page: { limit: 50, token },
  })) as { results?: unknown; page?: { next_token: string } };
  if (!Array.isArray(results) || page === undefined) throw new Unanswered(200);
  response.json({
    items: (results as { id: string }[]).flatMap(({ id }) => documents.get(id) ?? []),
    next: page.next_token,
  });
};

const answerFailure: ErrorRequestHandler = (error: unknown, request, response, _next) => {
  if (!(error instanceof Unanswered)) console.error(error);
  else if (error.status === 400 && "page" in request.query) {
    response.status(400).json({ error: "page is no page of this list" });
    return;
  } else console.error(error.message); // 400, 401 and 403 are this service's own mistakes: look here for them
  const isUnanswered = error instanceof Unanswered;
  response.status(isUnanswered ? 503 : 500).set(isUnanswered ? { "Retry-After": "1" } : {});
  response.json({ error: isUnanswered ? "cannot tell now whether you may" : "defect" });
};

const app = express();
app.use(express.json({ limit: "16kb" }), signedIn);
app.get("/documents", list);
app.get("/documents/:id", guarded("view"), (request, response) => {
  const document = documents.get(request.params.id);
  if (document === undefined) response.status(404).json({ error: "no such document" });
  else response.json(document);
});
app.patch("/documents/:id", guarded("edit"), (request, response) => {
  const { text } = (request.body ?? {}) as { text?: unknown };
  const { id } = request.params;
  if (typeof text !== "string") return void response.status(400).json({ error: "text is required" });
  documents.set(id, { id, text });
  response.json({ id, text });
});
app.put("/documents/:id/lock", guarded("lock"), async (request, response) => {
  await storeState(request.params.id, "locked");
  response.status(204).end();
});
app.delete("/documents/:id/lock", guarded("unlock"), async (request, response) => {
  await storeState(request.params.id, "open");
  response.status(204).end();
});
app.use(answerFailure);

const server = app.listen(Number(PORT), "127.0.0.1", () => {
  const address = server.address();
  console.log(`The service is ready on http://127.0.0.1:${typeof address === "object" ? (address?.port ?? "") : ""}`);
});
