import { stopSharedEngines } from "./test-engines.ts";

/** Jest takes the default export, and only that. */
export default stopSharedEngines;
