import { sharePolicyReasons } from "./contract.ts";
import { startSharedEngines } from "./test-engines.ts";

/** Jest takes the default export, and only that. */
export default async function setUp(): Promise<void> {
  await sharePolicyReasons();
  await startSharedEngines();
}
