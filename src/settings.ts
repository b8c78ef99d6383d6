import { z } from "zod";
import { budgets } from "./settings/budgets.ts";
import { patience } from "./settings/deadlines.ts";
import { domains } from "./settings/domains.ts";
import { decisionLog } from "./settings/decision-log.ts";
import {
  boolean,
  databaseUrl,
  folders,
  isBare,
  isHttp,
  isOrigin,
  isTrustworthy,
  masterKeys,
  milliseconds,
  nonEmpty,
  platformClient,
  strongSecret,
  text,
  url,
  wholeNumber,
} from "./settings/kinds.ts";

/**
 * Every setting, once: what it must be, what it is when it is not set, and what it does. docs/configuration.md is written from
 * this. Beside `description`: `otherwise` says in words what holds where there is no default, `secret` that NAME_FILE may give it.
 */

const listening = {
  PORT: wholeNumber(0, 65_535).default(8080).meta({ description: "The port it listens on; 0 takes a free one." }),
  HOST: text((value) => /^[0-9A-Za-z.:_-]{1,255}$/.test(value), "a host name or an address")
    .default("127.0.0.1")
    .meta({ description: "The address it listens on. Set 0.0.0.0 in a container, or where others must reach it." }),
  CORS_ORIGINS: text((value) => value.split(",").every(isOrigin), "origins, by commas: https://portal.example.com")
    .optional()
    .meta({
      otherwise: "none: no page of another origin can call",
      description: "Origins whose pages may call, by commas. Set it where a portal calls from the browser.",
    }),
  PUBLIC_URL: url(
    (parsed) => isHttp(parsed) && isBare(parsed) && parsed.pathname === "/",
    "an origin such as https://authz.example.com",
  )
    .optional()
    .meta({
      otherwise: "`http://HOST:PORT`",
      description: "Where the world finds it, in the AuthZEN metadata. Set it behind a proxy.",
    }),
};

const callers = {
  NODE_ENV: z
    .enum(["development", "production", "test"], "expected development, production or test")
    .optional()
    .meta({
      otherwise: "as `development`",
      description:
        "`production` requires `OIDC_ISSUER` and `BAILIWICK_SECRET`, and refuses the development issuer. " +
        "The container image sets it.",
    }),
  OIDC_ISSUER: url(isTrustworthy, "an https:// address (http:// on this machine only)")
    .optional()
    .meta({
      otherwise: "the development issuer",
      description:
        "Whose access tokens are believed, as their `iss` says it. Set it together with `OIDC_AUDIENCE`; " +
        "it switches the development issuer off.",
    }),
  OIDC_AUDIENCE: nonEmpty.optional().meta({
    otherwise: "none",
    description: "What a token's `aud` must contain. Set it together with `OIDC_ISSUER`.",
  }),
  OIDC_JWKS_URL: text((value) => {
    const parsed = URL.parse(value);
    return parsed !== null && isTrustworthy(parsed);
  }, "an https:// address (http:// on this machine only)")
    .optional()
    .meta({
      otherwise: "found by discovery",
      description: "Where the issuer's keys are. Set it where the issuer has no discovery document.",
    }),
  ALIAS_CLAIM: nonEmpty.default("preferred_username").meta({
    description: "The claim from which an account's alias is made. Set it where your issuer names people otherwise.",
  }),
  TOKEN_MAX_HOURS: wholeNumber(1, 8_760)
    .default(24)
    .meta({
      description:
        "How long a token may be valid at most, from its issue and from now on; a longer one is refused. An account that was erased " +
        "can come back only when the longest token has expired. Set it to what your issuer gives.",
    }),
  PLATFORM_CLIENT: platformClient.optional().meta({
    otherwise: "none",
    description:
      "The first client with the scope `platform:admin`, which registers the others. Set it at the first start; " +
      "a client id with a colon needs the JSON form.",
  }),
  DEVELOPMENT_ISSUER: boolean.optional().meta({
    otherwise: "true without `OIDC_ISSUER`, else false",
    description: "Whether tokens of `npm run token` are believed. Set true to test beside an issuer of your own.",
  }),
  BAILIWICK_SECRET: strongSecret.optional().meta({
    secret: true,
    otherwise: "made once, in `STATE_DIR`",
    description:
      "What the gateway derives its own keys from: sector subjects and page tokens. Set the same at every gateway of one " +
      "ledger, and keep it: another one changes every sector subject.",
  }),
  MASTER_KEYS: masterKeys.optional().meta({
    secret: true,
    otherwise: "made of `BAILIWICK_SECRET`",
    description:
      "What the secrets in the ledger are encrypted with: signing keys, secrets of sectors and connectors. The first encrypts, each decrypts, " +
      "and so does the one that is made of `BAILIWICK_SECRET`. Set a new one in front of the others to rotate them, the same at every gateway.",
  }),
};

const engines = {
  DATABASE_URL: databaseUrl.optional().meta({
    secret: true,
    otherwise: "the embedded Postgres",
    description:
      "The ledger: Postgres 15 or later. Its role makes the tables, and three roles without login that the gateway works as. " +
      "Set it to use your own.",
  }),
  OPENFGA_API_URL: url((parsed) => isHttp(parsed) && isBare(parsed), "http://… or https://…")
    .optional()
    .meta({ otherwise: "the embedded OpenFGA", description: "The graph: OpenFGA's HTTP API. Set it to use your own." }),
  OPENFGA_PRESHARED_KEY: nonEmpty.optional().meta({
    secret: true,
    otherwise: "none",
    description: "The key that your OpenFGA asks for. Set it with `OPENFGA_API_URL`.",
  }),
  OPENFGA_STORE_ID: nonEmpty.optional().meta({
    otherwise: "the oldest store named `bailiwick`, made when there is none",
    description: "Which store. Set it where somebody else makes stores.",
  }),
  OPENFGA_MODEL_ID: nonEmpty.optional().meta({
    otherwise: "the model of `POLICIES_DIR`, written when it is not the latest",
    description: "Which model of the store `OPENFGA_STORE_ID`. Set it where somebody else writes models.",
  }),
  OPENFGA_DATABASE_URL: databaseUrl.optional().meta({
    secret: true,
    otherwise: "`DATABASE_URL`",
    description: "Where the embedded OpenFGA keeps its tables. Set it beside a Postgres of your own.",
  }),
  CERBOS_TARGET: text((value) => /^(unix:.+|[^\s/]+:[0-9]{1,5})$/.test(value), "host:port or unix:path")
    .optional()
    .meta({
      otherwise: "the embedded Cerbos",
      description:
        "The judge: Cerbos' gRPC, serving what `npm run policies -- bundle` has written, with `schema.enforcement: reject`. " +
        "Set it to use your own.",
    }),
  CERBOS_STANDBY_TARGET: text((value) => /^(unix:.+|[^\s/]+:[0-9]{1,5})$/.test(value), "host:port or unix:path")
    .optional()
    .meta({
      otherwise: "none: policies are replaced by a restart",
      description:
        "A second Cerbos beside `CERBOS_TARGET`, for `POST /v1/platform/policies/reload`: it gets the new policies, and the two trade places. " +
        "At the start the one of the two is used that serves what the folders hold.",
    }),
  CERBOS_TLS: boolean
    .default(false)
    .meta({ description: "Whether `CERBOS_TARGET` and `CERBOS_STANDBY_TARGET` are spoken to over TLS." }),
};

const running = {
  STATE_DIR: nonEmpty.optional().meta({
    otherwise: "`.bailiwick` beside `src`",
    description:
      "Where the embedded engines, the secrets made here and the development issuer's key are kept. " +
      "Set it for a second instance. Where every engine and `BAILIWICK_SECRET` are set it is used for the development issuer only.",
  }),
  POLICIES_DIR: nonEmpty.optional().meta({
    otherwise: "`policies` beside `src`",
    description: "The folder of `cerbos/`, `openfga/` and `plans.yaml`. Set it to policies of your own.",
  }),
  HOST_POLICIES: folders.optional().meta({
    otherwise: "none: the built-in kinds alone",
    description:
      "Folders of the host's own kinds, by commas, absolute or from where Bailiwick is started: policies/README.md. " +
      "A kind that is broken is reported and refused, and the others are served.",
  }),
  POLICIES_WATCH: boolean.default(true).meta({
    description: "Whether the embedded Cerbos serves folders that change by itself; never under `NODE_ENV=production`.",
  }),
  LOG_LEVEL: z
    .enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"], "expected trace … fatal, or silent")
    .default("info")
    .meta({ description: "The least that is logged: JSON lines on standard output." }),
  START_TIMEOUT_MS: milliseconds().default(60_000).meta({
    description: "How long the start waits for each engine of your own that cannot be reached yet; then it gives up.",
  }),
  RECONCILE_INTERVAL_MS: milliseconds(1_000).default(300_000).meta({
    description: "How often graph and ledger are compared. Set more where a comparison costs too much.",
  }),
};

const observed = {
  METRICS_TOKEN: strongSecret.optional().meta({
    secret: true,
    otherwise: "`/metrics` is for everybody; under `NODE_ENV=production` it is not there",
    description: "What who asks for `/metrics` must bring: `Authorization: Bearer …`.",
  }),
  DRAIN_DELAY_MS: milliseconds(0)
    .default(2_000)
    .meta({
      description:
        "After SIGTERM, for how long `/readyz` says `draining` while requests are still taken. Set more than your load " +
        "balancer needs to see it.",
    }),
};

/** By what they are about, in the order of docs/configuration.md. */
export const GROUPS = {
  "Where it listens": listening,
  "Whom it believes": callers,
  "Engines of your own": engines,
  "Adopted domains": domains,
  Deadlines: patience,
  "Budgets, a minute": budgets,
  "The log of decisions": decisionLog,
  "Metrics and stopping": observed,
  Running: running,
} as const;

export const settings = z.object({
  ...listening,
  ...callers,
  ...engines,
  ...domains,
  ...running,
  ...patience,
  ...budgets,
  ...decisionLog,
  ...observed,
});
export type Settings = z.output<typeof settings>;
export type SettingName = keyof Settings;
