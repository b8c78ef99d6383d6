import { milliseconds } from "./kinds.ts";

/** How long things may take. */
export const patience = {
  DECISION_TIMEOUT_MS: milliseconds().default(400).meta({
    description: "How long a question may take, whole; then it is 503.",
  }),
  GRAPH_READ_TIMEOUT_MS: milliseconds().default(150).meta({
    description: "Of `DECISION_TIMEOUT_MS`, how long OpenFGA may take; then the ledger alone decides.",
  }),
  SEARCH_TIMEOUT_MS: milliseconds()
    .default(2_000)
    .meta({
      description:
        "How long a page of a search is filled; then it ends there and says so, and its token goes on. What is being decided at " +
        "that moment may take `DECISION_TIMEOUT_MS` more.",
    }),
  CHANGE_TIMEOUT_MS: milliseconds().default(5_000).meta({
    description: "How long a change may take, whole; then it is 503.",
  }),
  GRAPH_WAIT_MS: milliseconds(0).default(200).meta({
    description: "How long a change's answer waits for its tuples to be in OpenFGA; 0 never waits.",
  }),
};
