import { open, type Route } from "./route.ts";

export const HEALTH_ROUTES: readonly Route[] = [
  open({
    path: "/livez",
    summary: "The process answers",
    answer: () => ({ status: 200, body: { status: "alive" } }),
  }),
  open({
    path: "/readyz",
    summary: "The engines answer; without OpenFGA: degraded",
    answer: async ({ readiness }) => await readiness(),
  }),
];
