import { z } from "zod";
import { putDocument, viewDocument } from "../domain/application-documents.ts";
import { type ApplicationDocuments, type DocumentName, RESERVED_CLAIMS } from "../entities/application-documents.ts";
import type { ErrorCode } from "../entities/errors.ts";
import { LIMITS } from "../entities/limits.ts";
import { entity } from "./answer.ts";
import { type Asked, editedReply } from "./contract.ts";
import { addressee, anchor, connectorId } from "./fields.ts";
import { claimName, distinct, domainName, method } from "./login-fields.ts";
import { IN_ORGANIZATION, ON_PLATFORM, type Place, slugOf } from "./place.ts";
import { command, read, type Route } from "./route.ts";

const redirectUri = z
  .string()
  .max(LIMITS.redirectUriCharacters)
  .regex(/^[!-~]+$/, "expected visible ASCII")
  .meta({
    description: "Compared as it is; which may be depends on the kind: /docs#rules",
    examples: ["https://shop.example.com/in"],
  });

const settings = z
  .strictObject({
    redirectUris: distinct(redirectUri, LIMITS.redirectUris).meta({
      description: "Where a login may lead back to",
      examples: [["https://shop.example.com/in"]],
    }),
  })
  .meta({ id: "ApplicationSettings" });

const people = distinct(addressee, LIMITS.listedAccounts);
const admission = z
  .strictObject({
    everyone: z.boolean().meta({ description: "Whoever has an account", examples: [false] }),
    members: z.boolean().meta({ description: "The organization's members", examples: [true] }),
    accounts: people.meta({ description: "These too, whatever they are called later", examples: [["bob"]] }),
    blocked: people.meta({ description: "Never these, whatever else is so", examples: [[]] }),
    domains: distinct(domainName, LIMITS.listedDomains).meta({
      description: "Whoever has a verified address of one of these, while the organization holds it: /docs#domains",
      examples: [["acme.example.com"]],
    }),
  })
  .meta({ id: "AdmissionRules" });

const authentication = z
  .strictObject({
    methods: distinct(method, LIMITS.loginMethods)
      .min(1)
      .nullable()
      .meta({ description: "One of these must have been used; null: any", examples: [["pwd", "hwk"]] }),
    connectors: distinct(connectorId, LIMITS.connectors)
      .min(1)
      .nullable()
      .meta({
        description: "Only who came by one of these federation connectors; null: by any, or by none",
        examples: [null],
      }),
    assurance: z
      .int()
      .min(1)
      .max(3)
      .meta({ description: "The least level of assurance", examples: [1] }),
    secondFactor: z.boolean().meta({ description: "Two factors at the least", examples: [true] }),
    maximumAgeSeconds: seconds(0)
      .nullable()
      .meta({
        description: "How long ago somebody may have authenticated; null: however long",
        examples: [3600],
      }),
  })
  .meta({ id: "AuthenticationRules" });

const session = z
  .strictObject({
    tokenLifetimeSeconds: seconds(60).meta({
      description: "For how long a token of a login is valid",
      examples: [3600],
    }),
    reauthenticateAfterSeconds: seconds(60)
      .nullable()
      .meta({
        description:
          "How long after somebody has authenticated it is to be done anew: no token is valid for longer; null: never",
        examples: [28800],
      }),
  })
  .meta({ id: "SessionRules" });

const claim = claimName
  .refine((name) => !RESERVED_CLAIMS.has(name), "expected no claim that a token has a meaning of its own for")
  .meta({
    description: "The name of a claim; none that tokens have a meaning of their own for, nor scope",
    examples: ["email"],
  });
const claims = z
  .strictObject({
    token: distinct(claim, LIMITS.claims).meta({
      description: "In the token, for whoever reads it",
      examples: [["name"]],
    }),
    service: distinct(claim, LIMITS.claims).meta({
      description: "In the answer, for the service alone that asks",
      examples: [["name", "email"]],
    }),
  })
  .meta({ id: "ClaimPolicy" });

/** Up to a day, for no token lives longer. */
function seconds(least: number) {
  return z.int().min(least).max(LIMITS.loginTokenSeconds);
}

interface Documented<Name extends DocumentName> {
  readonly name: Name;
  readonly path: string;
  /** Ends the operations' names, and the summaries. */
  readonly noun: string;
  readonly words: string;
  readonly schema: z.ZodObject & z.ZodType<ApplicationDocuments[Name]>;
  readonly asks: readonly [view: Asked, set: Asked];
  /** It names people, whose aliases its revision does not cover. */
  readonly namesPeople?: true;
}

const RULES = ["application.view_rules", "application.configure_rules"] as const;

export const DOCUMENT_ROUTES: readonly Route[] = documentRoutes(IN_ORGANIZATION);
export const PLATFORM_DOCUMENT_ROUTES: readonly Route[] = documentRoutes(ON_PLATFORM);

function documentRoutes(place: Place): readonly Route[] {
  return [
    ...routesOf(place, {
      name: "settings",
      path: "settings",
      noun: "ApplicationSettings",
      words: "an application's settings",
      schema: settings,
      asks: ["application.view", "application.edit"],
    }),
    ...routesOf(place, {
      name: "admission",
      path: "rules/admission",
      noun: "AdmissionRules",
      words: "who may log in to an application",
      schema: admission,
      asks: RULES,
      namesPeople: true,
    }),
    ...routesOf(place, {
      name: "authentication",
      path: "rules/authentication",
      noun: "AuthenticationRules",
      words: "how who logs in to an application must have authenticated",
      schema: authentication,
      asks: RULES,
    }),
    ...routesOf(place, {
      name: "session",
      path: "rules/session",
      noun: "SessionRules",
      words: "what a login to an application begins",
      schema: session,
      asks: RULES,
    }),
    ...routesOf(place, {
      name: "claims",
      path: "claims",
      noun: "ClaimPolicy",
      words: "which claims leave with a login to an application",
      schema: claims,
      asks: ["application.view_rules", "application.set_claim_policy"],
    }),
  ];
}

function routesOf<Name extends DocumentName>(place: Place, documented: Documented<Name>): readonly [Route, Route] {
  const { name, noun, words, schema, namesPeople } = documented;
  const { requires, operation } = place;
  const [view, set] = documented.asks;
  const path = `${place.path}/applications/:anchor/${documented.path}`;
  const params = z.strictObject({ ...place.params, anchor });
  const problems = [...place.problems, "NOT_FOUND"] as const;
  const unknown: readonly ErrorCode[] = namesPeople === true ? ["UNKNOWN_ALIAS"] : [];
  return [
    read({
      path,
      summary: `Read ${words}`,
      operation: operation("view", noun),
      requires: requires("viewer"),
      ...{ asks: [view], problems, reply: schema, params },
      ...(namesPeople === true && { isDerived: true }),
      answer: async (deps, { caller, params: given }) => {
        const at = { slug: slugOf(given), anchor: given.anchor };
        return answerOf(await viewDocument(deps, caller, at, name));
      },
    }),
    command({
      method: "put",
      path,
      summary: `Replace ${words}, whole, by who says which (If-Match)`,
      operation: operation("set", noun),
      requires: requires("admin"),
      asks: [set],
      problems: [...problems, ...unknown, "PRECONDITION_FAILED", "PRECONDITION_REQUIRED"],
      reply: editedReply(schema),
      params,
      body: schema,
      answer: async (deps, { caller, params: given, body, ifMatch }) => {
        const at = { slug: slugOf(given), anchor: given.anchor };
        const { value } = await putDocument(deps, caller, at, { name, document: body, ifMatch });
        return answerOf(value);
      },
    }),
  ];
}

function answerOf({ document, revision }: { readonly document: object; readonly revision: number }) {
  return entity({ ...document, revision });
}
