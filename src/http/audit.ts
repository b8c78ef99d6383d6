import { z } from "zod";
import { listAudit } from "../domain/audit.ts";
import { slug } from "./fields.ts";
import { list, type Route } from "./route.ts";

export const AUDIT_ROUTES: readonly Route[] = [
  list({
    path: "/v1/organizations/:slug/audit",
    summary: "What happened in the organization",
    params: z.strictObject({ slug }),
    page: async (deps, { caller, params, page }) => await listAudit(deps, caller, params.slug, page),
  }),
];
