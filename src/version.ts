import { readFile } from "node:fs/promises";
import path from "node:path";

/** This service's own version, from package.json. */
export async function readVersion(): Promise<string> {
  const file = path.join(import.meta.dirname, "../package.json");
  const { version } = JSON.parse(await readFile(file, "utf8")) as { version: string };
  return version;
}
