import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { Answer } from "./answer.ts";
import { plainReply, type Reply, UNCHANGED } from "./contract.ts";
import { open, type Route } from "./route.ts";

/** The contract, for programs and for people; `npm run openapi` writes the files. */

const ROOT = path.join(import.meta.dirname, "../..");
const SECONDS = 3600;

interface File {
  readonly operation: string;
  readonly path: string;
  readonly summary: string;
  readonly file: string;
  readonly type: string;
}

function serve({ operation, path: at, summary, file, type }: File): Route {
  const headers = ["ETag", "Cache-Control"] as const;
  const reply: Reply = { ...plainReply(z.string().min(1), type), headers };
  let answer: Promise<Answer> | undefined;
  return open({
    operation,
    path: at,
    summary,
    replies: [reply, { ...UNCHANGED, headers }],
    answer: async () => await (answer ??= read(path.join(ROOT, file), type)),
  });
}

async function read(file: string, type: string): Promise<Answer> {
  const text = await readFile(file, "utf8");
  const hash = createHash("sha256").update(text).digest("base64url").slice(0, 22);
  return { status: 200, text, type, headers: { ETag: `"${hash}"`, "Cache-Control": `public, max-age=${SECONDS}` } };
}

const POINTERS = "To read: /docs. For programs: /openapi.yaml.\n";

/** For who has only the address, or types one character too many. */
function leadToDocs(operation: string, at: string): Route {
  const summary = "Leads to /docs";
  const reply: Reply = { ...plainReply(z.string().min(1), "text/plain"), status: 302, means: summary };
  return open({
    operation,
    path: at,
    summary,
    replies: [{ ...reply, headers: ["Location"] }],
    answer: () => ({ status: 302, text: POINTERS, type: "text/plain", headers: { Location: "/docs" } }),
  });
}

export const DOCS_ROUTES: readonly Route[] = [
  leadToDocs("root", "/"),
  leadToDocs("docsSlash", "/docs/"),
  serve({
    operation: "contract",
    path: "/openapi.yaml",
    summary: "This contract",
    file: "openapi.yaml",
    type: "application/yaml",
  }),
  serve({
    operation: "docs",
    path: "/docs",
    summary: "This contract as a page; each operation and each code has an anchor: /docs#LAST_OWNER",
    file: "docs/api.html",
    type: "text/html; charset=utf-8",
  }),
  serve({
    operation: "docsStyle",
    path: "/docs/style.css",
    summary: "The page's style",
    file: "docs/api.css",
    type: "text/css; charset=utf-8",
  }),
];
