import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { connectCerbos } from "../../engines/cerbos.ts";
import type { Judge } from "../../entities/judge.ts";
import { LocalEngineError } from "../../local/error.ts";
import { startCerbos } from "../../local/cerbos.ts";
import { isTest } from "../policy-files.ts";
import { writeSet } from "../policy-set.ts";
import { AuthorError } from "./author-error.ts";
import type { Revision } from "./revision.ts";

/** A Cerbos that serves one revision, for as long as it is looked at. Throws what Cerbos says where the policies do not compile. */
export interface RevisionCerbos extends AsyncDisposable {
  readonly judge: Judge;
}

export async function cerbosOf({ policiesDir, hostFiles }: Revision): Promise<RevisionCerbos> {
  const folder = await mkdtemp(path.join(tmpdir(), "bailiwick-policies-"));
  const policyDir = path.join(folder, "policies");
  const remove = async (): Promise<void> => await rm(folder, { recursive: true, force: true });
  try {
    await mkdir(policyDir);
    await writeSet(
      policyDir,
      policiesDir,
      hostFiles.filter(({ to }) => !isTest(to)),
    );
    const engine = await startCerbos({
      policyDir,
      stateDir: path.join(folder, "state"),
      environment: {},
    });
    const { judge, close } = connectCerbos(engine.target, false);
    const dispose = async (): Promise<void> => {
      close();
      await engine.stop();
      await remove();
    };
    return { judge, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await remove();
    if (!(error instanceof LocalEngineError)) throw error;
    throw new AuthorError(error.message.replaceAll(policyDir, policiesDir), { cause: error });
  }
}
