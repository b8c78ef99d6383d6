import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { LocalEngineError } from "./error.ts";
import { createOnce, readIfThere } from "./files.ts";

/** 32 random bytes, base64url: letters, digits, `-` and `_`, so that it needs no quoting in a URL. */
const secret = z.base64url().length(43);
const secretsFile = z.strictObject({ postgresPassword: secret, openfgaPresharedKey: secret, masterSecret: secret });
export type Secrets = z.infer<typeof secretsFile>;

/** Where a restore has its copy before it takes the place of what was there. */
export const RESTORING = "restoring";

/**
 * The secrets of this state directory, made at its first use. They stay for as long as its data: sector subjects and cursors
 * depend on `masterSecret`, and Postgres knows only the password that it was created with.
 */
export function secretsOf(stateDir: string): Secrets {
  const path = join(stateDir, "secrets.json");
  const existing = readIfThere(path);
  if (existing !== undefined) return parse(path, existing);
  if (existsSync(join(stateDir, "postgres"))) {
    throw unusable(`${path} is missing, but the data that it belongs to is there. Put it back, or remove ${stateDir}.`);
  }
  if (existsSync(join(stateDir, RESTORING))) {
    throw unusable(
      `a restore into ${stateDir} was interrupted. Run npm run restore again, or remove ${RESTORING}/ in it.`,
    );
  }
  const fresh: Secrets = {
    postgresPassword: newSecret(),
    openfgaPresharedKey: newSecret(),
    masterSecret: newSecret(),
  };
  createOnce(path, `${JSON.stringify(fresh, null, 2)}\n`, 0o600);
  // Read back: somebody else's may have come first, and then theirs are the secrets.
  return parse(path, readIfThere(path) ?? "");
}

function parse(path: string, content: string): Secrets {
  try {
    return secretsFile.parse(JSON.parse(content));
  } catch (cause) {
    throw unusable(`${path} is not what Bailiwick wrote. Restore it, or remove the whole directory.`, cause);
  }
}

function unusable(message: string, cause?: unknown): LocalEngineError {
  return new LocalEngineError("SECRETS_UNUSABLE", message, { cause });
}

function newSecret(): string {
  return randomBytes(32).toString("base64url");
}
