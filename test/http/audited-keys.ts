/** What becomes of an application's keys, in the audit log: what it signs with, and what it authenticates with. */
import { type Found, FOUND } from "./audited-documents.ts";
import { type Ask, type Expected, TEXT } from "./audited-request.ts";
import { must } from "../support/world.ts";

function expectedAt(root: string, found: Found): [string, Expected][] {
  const at = `${root}/applications/:anchor`;
  const rule = "application#edit";
  const rotated = { kid: TEXT, algorithm: "ES256", activatesAt: TEXT };
  const states = [
    { kid: TEXT, state: "active" },
    { kid: TEXT, state: "revoked" },
  ] as const;
  const key = { clientKey: TEXT, keyKind: "public_key", name: "Deployment" };
  const remove: Ask = async (stage) => {
    const [by, application] = await found(stage);
    const made = must(await by.post(`${application}/client-keys`, { name: "Deployment" }), 201);
    return { by, path: `${application}/client-keys/${String(made.body["id"])}` };
  };
  return [
    [`POST ${at}/keys/rotate`, { rule, events: [["application.rotate_keys", "application", { kid: TEXT }, rotated]] }],
    [`POST ${at}/keys/:kid/revoke`, { rule, events: [["application.revoke_key", "application", ...states]] }],
    [
      `POST ${at}/client-keys`,
      { rule, events: [["application.add_client_key", "application", null, { ...key, expiresAt: TEXT }]] },
    ],
    [
      `DELETE ${at}/client-keys/:id`,
      {
        rule,
        events: [["application.remove_client_key", "application", { ...key, keyKind: "secret" }, null]],
        ask: remove,
      },
    ],
  ];
}

export const OF_KEYS: Readonly<Record<string, Expected>> = Object.fromEntries(
  Object.entries(FOUND).flatMap(([root, found]) => expectedAt(root, found)),
);
