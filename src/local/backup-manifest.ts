import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import * as z from "zod";
import { LocalEngineError } from "./error.ts";
import { readIfThere, replaceFile } from "./files.ts";

/**
 * What of a state directory the ledger cannot do without: its data; the password that the data knows, the secret that sector
 * subjects and page tokens are made with; the key behind the development issuer's tokens, which may be missing.
 */
export const PARTS = ["postgres", "secrets.json", "issuer.json"] as const;

const MANIFEST = "manifest.json";
const FORMAT = 1;

/** A path of a copy, with `/`, that leads nowhere but into one of its parts. */
const path = z
  .string()
  .refine((name) => posix.normalize(name) === name && PARTS.some((part) => part === name.split("/")[0]));
const copiedFile = z.strictObject({
  path,
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type CopiedFile = z.infer<typeof copiedFile>;

const described = {
  format: z.int(),
  bailiwick: z.string(),
  /** Its major version: another one cannot read the data. */
  postgres: z.int().positive(),
  madeAt: z.iso.datetime(),
  folders: z.array(path),
  files: z.array(copiedFile),
};
const manifestFile = z.strictObject({ ...described, checksum: z.string() });
export type Manifest = Omit<z.infer<typeof manifestFile>, "format" | "bailiwick" | "checksum">;

/** Writes what a copy holds beside it, with a checksum over all of it. */
export function writeManifest(folder: string, { postgres, madeAt, folders, files }: Manifest): void {
  const content = { format: FORMAT, bailiwick: ourVersion(), postgres, madeAt, folders, files };
  replaceFile(join(folder, MANIFEST), `${JSON.stringify({ ...content, checksum: checksumOf(content) })}\n`, 0o600);
}

/** Throws BACKUP_REFUSED when there is none, BACKUP_DAMAGED when it is not as it was written, BACKUP_OF_OTHER_VERSION. */
export function readManifest(folder: string): Manifest {
  const text = readIfThere(join(folder, MANIFEST));
  if (text === undefined) {
    const message = `${folder} is no backup: there is no ${MANIFEST} in it. Name a folder that npm run backup has made.`;
    throw new LocalEngineError("BACKUP_REFUSED", message);
  }
  const { checksum, ...content } = parsed(folder, text);
  if (content.format !== FORMAT) {
    const message = `${folder} was made by Bailiwick ${content.bailiwick}, in a way that this one (${ourVersion()}) does not know`;
    throw new LocalEngineError("BACKUP_OF_OTHER_VERSION", message);
  }
  if (checksum !== checksumOf(content)) throw damaged(folder, `${MANIFEST} was changed`);
  return content;
}

export function damaged(folder: string, what: string, cause?: unknown): LocalEngineError {
  const message = `${folder} is damaged: ${what}. Nothing was changed; take another backup.`;
  return new LocalEngineError("BACKUP_DAMAGED", message, { cause });
}

function parsed(folder: string, text: string): z.infer<typeof manifestFile> {
  try {
    return manifestFile.parse(JSON.parse(text));
  } catch (cause) {
    throw damaged(folder, `${MANIFEST} is not what npm run backup wrote`, cause);
  }
}

function checksumOf(content: Omit<z.infer<typeof manifestFile>, "checksum">): string {
  const { format, bailiwick, postgres, madeAt, folders, files } = content;
  const rows = files.map((file) => [file.path, file.bytes, file.sha256]);
  return createHash("sha256")
    .update(JSON.stringify([format, bailiwick, postgres, madeAt, folders, rows]))
    .digest("hex");
}

function ourVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
