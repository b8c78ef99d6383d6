import { z } from "zod";
import { WITHHELD } from "../domain/login-claims.ts";
import { logIn } from "../domain/logins.ts";
import { RESERVED_CLAIMS } from "../entities/application-documents.ts";
import { LIMITS } from "../entities/limits.ts";
import { check } from "./check.ts";
import { plainReply } from "./contract.ts";
import { anchor, connectorId, decisionId, foreignId, time } from "./fields.ts";
import { invalid } from "./invalid.ts";
import { claimName, distinct, domainName, method } from "./login-fields.ts";
import { classifiedReason, remedy } from "./reasons.ts";
import type { Route } from "./route.ts";

const SUBJECT_TYPES = ["account", "identity", "sector_subject"] as const;

const authentication = z.strictObject({
  methods: distinct(method, LIMITS.loginMethods)
    .min(1)
    .meta({ description: "Those that were used", examples: [["pwd", "otp"]] }),
  assurance: z
    .int()
    .min(1)
    .max(3)
    .meta({ description: "The level of assurance that was reached", examples: [2] }),
  factors: z
    .int()
    .min(1)
    .max(3)
    .meta({ description: "How many factors were used", examples: [2] }),
  at: z.iso
    .datetime({ error: "expected an ISO 8601 time in UTC, such as 2026-11-21T00:55:05Z" })
    .meta({ description: "When that was", examples: ["2026-11-21T00:55:05Z"] }),
});

const sentClaims = z
  .record(claimName, z.unknown())
  .refine((sent) => Object.keys(sent).every((name) => !RESERVED_CLAIMS.has(name)), {
    error: "expected no claim that a token has a meaning of its own for",
  })
  .refine((sent) => Buffer.byteLength(JSON.stringify(sent)) <= LIMITS.sentClaimsBytes, {
    error: `expected at most ${LIMITS.sentClaimsBytes} bytes`,
  })
  .meta({
    description: "What the service vouches for. Of it leaves what the application's claim policy lists",
    examples: [{ email: "bob@example.com" }],
  });

const login = z
  .strictObject({
    subject: z.strictObject({
      type: z.enum(SUBJECT_TYPES).meta({ description: "By what name: /docs#logins", examples: ["identity"] }),
      id: foreignId.meta({ examples: ["248289761001"] }),
    }),
    authentication,
    domain: domainName.exactOptional().meta({
      description: "Of the address that the service has verified as this person's: /docs#domains",
      examples: ["acme.example.com"],
    }),
    connector: connectorId
      .exactOptional()
      .meta({ description: "The federation connector by which the person came; absent: by none" }),
    claims: sentClaims.default({}),
    consent: z
      .boolean()
      .default(false)
      .meta({
        description: "Whether the person has just consented to what the application is told: it ends a withdrawal",
        examples: [false],
      }),
  })
  .meta({ id: "Login" });

const grant = z
  .strictObject({
    subject: z.strictObject({
      type: z.literal("sector_subject"),
      id: z
        .string()
        .regex(/^[0-9a-z]{26}$/)
        .meta({
          description: "As the application's sector knows the person",
          examples: ["7f3m9x0q2k5vtw8ch1zd4w7n5h"],
        }),
    }),
    token: z
      .string()
      .min(1)
      .meta({
        description: "A JWT (`typ`: login+jwt) for the application, signed with its own key: verify it by its key set",
        examples: [
          "eyJhbGciOiJFUzI1NiIsInR5cCI6ImxvZ2luK2p3dCJ9.eyJzdWIiOiI3ZjNtOXgwcTJrNXZ0dzhjaDF6ZDR3N241aCJ9.c2ln",
        ],
      }),
    expiresAt: time,
    claims: z
      .record(z.string(), z.unknown())
      .meta({ description: "What leaves for the service alone", examples: [{ name: "Bob Builder" }] }),
  })
  .meta({ id: "Grant" });

const decision = z
  .strictObject({
    decision: z.boolean().meta({ description: "May it begin?" }),
    context: z.strictObject({
      id: decisionId,
      reasons: z.array(classifiedReason).meta({ description: "Every reason that holds; none when it is granted" }),
      withheld: z.literal(WITHHELD).exactOptional().meta({
        description: "When it is granted, but no claim leaves: the person has withdrawn that, and has to consent anew",
      }),
      remedies: z.array(remedy).exactOptional().meta({ description: "When it is denied: what would help" }),
      graph: z
        .enum(["agrees", "pending", "unavailable", "disagrees"])
        .meta({ description: "What OpenFGA had to say about the role that the ledger holds: /docs#words" }),
      version: z.int().min(0).exactOptional().meta({ description: "The organization's, of all that was looked at" }),
      matrix: z.string().min(1).exactOptional(),
      unit: z.string().min(1).meta({ description: "Hash of the policies" }),
    }),
    login: grant.exactOptional().meta({ description: "What it begins; absent when it is denied" }),
  })
  .meta({ id: "LoginDecision" });

export const LOGIN_ROUTES: readonly Route[] = [
  check({
    path: "/v1/applications/:anchor/logins",
    summary: "May this person log in to the application, and with what?",
    operation: "logIn",
    requires: "scope logins:create",
    asks: [],
    problems: ["SCOPE_MISSING", "ALIAS_REFUSED", "NOT_FOUND", "CONTENTION"],
    params: z.strictObject({ anchor }),
    body: login,
    reply: plainReply(decision),
    // A denial is an answer: 200.
    answer: async ({ deps, publicUrl }, { caller, params, body }) => {
      const { consent, domain = null, connector = null, ...said } = body;
      const at = new Date(body.authentication.at);
      const now = deps.clock();
      if (at.getTime() > now.getTime() + LIMITS.clockSkewSeconds * 1000) {
        throw invalid("body.authentication.at", "expected no time in the future");
      }
      const issuer = `${publicUrl}/v1/applications/${params.anchor}`;
      const authenticated = { ...body.authentication, at };
      const request = {
        ...said,
        ...params,
        domain,
        connector,
        authentication: authenticated,
        consentedAt: consent ? now : null,
      };
      return { status: 200, body: await logIn({ deps, caller, request, issuer }) };
    },
  }),
];
