/**
 * A policy that Bailiwick writes beside those that decide: asked, it tells the unit that it was written with. So a Cerbos that serves
 * something else is found before anybody believes it.
 */
export const CANARY = { kind: "bailiwick_canary", action: "tell", version: "default" } as const;
