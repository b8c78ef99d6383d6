import { z } from "zod";
import { listAudit } from "../domain/audit.ts";
import { alias, applicationKind, invitationId, name, role, sectorId, signInMethodId, slug, time } from "./fields.ts";
import { list, type Route } from "./route.ts";

/** A verb of a kind, as the audit log names what was done. */
const verb = z.string().regex(/^[a-z_]+\.[a-z_]+$/);
/** What changed, before and after; nobody is named (S0.19). */
const change = z
  .strictObject({
    slug: slug.exactOptional(),
    name: name.exactOptional(),
    kind: applicationKind.exactOptional(),
    sector: sectorId.exactOptional(),
    role: role.exactOptional(),
    state: z.string().min(1).exactOptional(),
    invitation: invitationId.exactOptional(),
    fields: z.array(z.enum(["name", "alias"])).exactOptional(),
    signInMethod: signInMethodId.exactOptional(),
  })
  .nullable();
const event = z
  .strictObject({
    id: z
      .string()
      .regex(/^[0-9]+\.[0-9]+$/)
      .meta({ description: "Grows with time", examples: ["3.1"] }),
    at: time,
    actor: z.strictObject({
      kind: z.enum(["account", "client", "system"]),
      id: z
        .string()
        .min(1)
        .meta({ description: "A pseudonym of this audit log's", examples: ["a-4hrzq0v8s6jk2wd7m9xe"] }),
      alias: alias.nullable(),
    }),
    action: verb.meta({ examples: ["sector.rename"] }),
    target: z.strictObject({
      kind: z
        .string()
        .min(1)
        .meta({ examples: ["sector"] }),
      id: z
        .string()
        .min(1)
        .meta({ examples: ["sec-ctjjdpj1r2x898hen5w0"] }),
      alias: alias.nullable().meta({ examples: [null] }),
    }),
    before: change.meta({ examples: [{ name: "Shop" }] }),
    after: change.meta({ examples: [{ name: "Web shop" }] }),
    matrix: z
      .string()
      .min(1)
      .nullable()
      .meta({ examples: ["default"] }),
    unit: z
      .string()
      .min(1)
      .nullable()
      .meta({ description: "Hash of the policies", examples: ["350c2211499c7498"] }),
    requestId: z
      .string()
      .min(1)
      .nullable()
      .meta({ examples: ["7f3k1zt0v5cq9w2m8xhe"] }),
  })
  .meta({ id: "AuditEvent" });

export const AUDIT_ROUTES: readonly Route[] = [
  list({
    path: "/v1/organizations/:slug/audit",
    summary: "What happened in the organization",
    operation: "listAudit",
    requires: "admin",
    asks: ["organization.view_audit"],
    item: event,
    params: z.strictObject({ slug }),
    page: async (deps, { caller, params, page }) => await listAudit(deps, caller, params.slug, page),
  }),
];
