/** What can go wrong before there is a gateway. The code is for tests and callers, the message is for the person at the terminal. */
export const LOCAL_ENGINE_ERROR_CODES = [
  "STATE_DIRECTORY_IN_USE",
  "SECRETS_UNUSABLE", // missing beside data that needs them, or not what this version wrote
  "OPENFGA_MISSING", // no binary, no Go, no Docker
  "DATABASE_MISSING", // OpenFGA is wanted without any Postgres to live in
  "UNSUPPORTED_PLATFORM",
  "ACCOUNT_UNUSABLE", // started as root, and no other account can run Postgres
  "PORT_TAKEN",
  "ENGINE_DID_NOT_START",
  "ENGINE_DID_NOT_STOP", // one Cerbos of several, which goes on until all of them end
  "SUPERVISOR_ENDED",
  "BACKUP_REFUSED", // nothing to copy, no copy, or something there that would be lost
  "BACKUP_DAMAGED",
  "BACKUP_OF_OTHER_VERSION", // of Postgres, or of the way in which copies are made
  "ENGINE_NOT_REACHED", // one of the user's own, for all of START_TIMEOUT_MS
  "ENGINE_REFUSES", // one of the user's own: a wrong password, a wrong setting
] as const;
export type LocalEngineErrorCode = (typeof LOCAL_ENGINE_ERROR_CODES)[number];

export class LocalEngineError extends Error {
  override readonly name = "LocalEngineError";
  readonly code: LocalEngineErrorCode;

  constructor(code: LocalEngineErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
