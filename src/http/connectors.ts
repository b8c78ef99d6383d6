import { z } from "zod";
import {
  type ConnectorPath,
  createConnector,
  listConnectors,
  removeConnector,
  replaceConnector,
  setConnectorState,
  viewConnector,
} from "../domain/connectors.ts";
import type { ConnectorState } from "../entities/connectors.ts";
import { LIMITS } from "../entities/limits.ts";
import { created, changed, entity, removed } from "./answer.ts";
import { connectorId, dated, name, NOTHING, slug, time } from "./fields.ts";
import { connectorSettings } from "./connector-settings.ts";
import { changedReply, createdReply, REMOVED, withEtag } from "./contract.ts";
import { command, list, read, type Route } from "./route.ts";

const COLLECTION = "/v1/organizations/:slug/connectors";
const ITEM = `${COLLECTION}/:id`;
const params = z.strictObject({ slug });
const itemParams = z.strictObject({ slug, id: connectorId });

const displayName = name.meta({ description: "By which people know it", examples: ["Example login"] });
const connector = z
  .strictObject({
    id: connectorId,
    name: displayName,
    state: z.enum(["enabled", "disabled"]).meta({ examples: ["disabled"] }),
    settings: connectorSettings,
    clientSecretSetAt: time.nullable().meta({ description: "Since when it has its secret; null: it has none" }),
    certificates: z
      .array(
        z.strictObject({
          sha256: z
            .string()
            .regex(/^[0-9a-f]{64}$/)
            .meta({
              description: "Of its DER",
              examples: ["5f1d7a84c10b2f8d33e6a4c9b7d2e1f0a9c8b7d65f1d7a84c10b2f8d33e6a4c9"],
            }),
          expiresAt: time,
        }),
      )
      .max(LIMITS.certificates)
      .meta({ description: "Those of its settings, in their order; none with OpenID Connect", examples: [[]] }),
    ...dated,
  })
  .meta({ id: "Connector" });

const input = z.strictObject({
  name: displayName,
  settings: connectorSettings,
  clientSecret: z
    .string()
    .regex(/^[ -~]+$/, "expected visible ASCII and spaces (RFC 6749, A.2)")
    .max(LIMITS.connectorSecretCharacters)
    .nullable()
    .exactOptional()
    .meta({
      description:
        "Nobody is told it again; absent: the one that it has stays, while the issuer does; null: it has none from now on",
      examples: [null],
    }),
});

const at = ({ slug, id }: z.output<typeof itemParams>): ConnectorPath => ({ slug, id });

export const CONNECTOR_ROUTES: readonly Route[] = [
  list({
    path: COLLECTION,
    summary: "The organization's federation connectors",
    operation: "listConnectors",
    requires: "viewer",
    asks: ["organization.view_connectors"],
    item: withEtag(connector).meta({ id: "ConnectorItem" }),
    params,
    page: async (deps, { caller, params, page }) => await listConnectors(deps, caller, params.slug, page),
  }),
  command({
    method: "post",
    path: COLLECTION,
    summary: "Add a federation connector; it is disabled until it is enabled",
    operation: "createConnector",
    requires: "admin",
    asks: ["organization.manage_connectors"],
    problems: ["CONNECTOR_EXISTS", "TOO_MANY_CONNECTORS"],
    reply: createdReply(connector),
    params,
    body: input,
    answer: async (deps, { caller, params, body }) => {
      const made = await createConnector(deps, caller, params.slug, body);
      return created(made, `/v1/organizations/${params.slug}/connectors/${made.value.id}`);
    },
  }),
  read({
    path: ITEM,
    summary: "Read a federation connector",
    operation: "viewConnector",
    requires: "viewer",
    asks: ["organization.view_connectors"],
    problems: ["NOT_FOUND"],
    reply: connector,
    params: itemParams,
    answer: async (deps, { caller, params }) => entity(await viewConnector(deps, caller, at(params))),
  }),
  command({
    method: "put",
    path: ITEM,
    summary: "Replace a federation connector, whole but for its secret, by who says which (If-Match)",
    operation: "replaceConnector",
    requires: "admin",
    asks: ["organization.manage_connectors"],
    problems: ["NOT_FOUND", "CONNECTOR_EXISTS", "PRECONDITION_FAILED", "PRECONDITION_REQUIRED"],
    reply: changedReply(connector),
    params: itemParams,
    body: input,
    answer: async (deps, { caller, params, body, ifMatch }) =>
      changed(await replaceConnector(deps, caller, at(params), { ...body, ifMatch })),
  }),
  command({
    method: "delete",
    path: ITEM,
    summary: "Remove a federation connector: nobody comes by it any more",
    operation: "removeConnector",
    requires: "admin",
    asks: ["organization.manage_connectors"],
    problems: ["NOT_FOUND", "PRECONDITION_FAILED"],
    reply: REMOVED,
    params: itemParams,
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) =>
      removed(await removeConnector(deps, caller, at(params), { ifMatch })),
  }),
  turn("enable", "enabled", "Enable a federation connector"),
  turn("disable", "disabled", "Disable a federation connector: who comes by it is let in no more"),
];

function turn(verb: "enable" | "disable", state: ConnectorState, summary: string): Route {
  return command({
    method: "post",
    path: `${ITEM}/${verb}`,
    summary,
    operation: `${verb}Connector`,
    requires: "admin",
    asks: ["organization.manage_connectors"],
    problems: ["NOT_FOUND", "PRECONDITION_FAILED"],
    reply: changedReply(connector, { state }),
    params: itemParams,
    body: NOTHING,
    answer: async (deps, { caller, params, ifMatch }) =>
      changed(await setConnectorState(deps, caller, at(params), { state, ifMatch })),
  });
}
