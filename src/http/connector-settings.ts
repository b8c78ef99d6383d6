import { z } from "zod";
import {
  certificateProblem,
  certificateSummary,
  CLIENT_AUTHENTICATIONS,
  issuerProblem,
  NAME_ID_FORMATS,
  ssoUrlProblem,
} from "../entities/connectors.ts";
import { LIMITS } from "../entities/limits.ts";
import { foreignId } from "./fields.ts";
import { claimName, distinct } from "./login-fields.ts";

/** What a federation connector is set to, by its protocol: the same in requests and in answers. */

const address = z
  .string()
  .max(LIMITS.connectorAddressCharacters)
  .regex(/^[!-~]+$/, "expected visible ASCII");

function fitting(schema: z.ZodString, problemOf: (text: string) => string | null): z.ZodString {
  return schema.superRefine((text, context) => {
    const problem = problemOf(text);
    if (problem !== null) context.addIssue(problem);
  });
}

const scope = z
  .string()
  .regex(/^[!#-[\]-~]{1,100}$/, "expected 1 to 100 characters of a scope (RFC 6749, 3.3)")
  .meta({ examples: ["openid"] });

const oidc = z
  .strictObject({
    protocol: z.literal("oidc"),
    issuer: fitting(address, issuerProblem).meta({
      description:
        "Of the identity provider: https, or http on localhost, 127.0.0.1 or [::1]; none whose tokens are taken here, or made",
      examples: ["https://login.example.com"],
    }),
    clientId: foreignId.meta({ examples: ["bailiwick"] }),
    authentication: z.enum(CLIENT_AUTHENTICATIONS).meta({
      description: "How the client proves who it is (OpenID Connect Core, 9); only the first two have a secret",
      examples: ["private_key_jwt"],
    }),
    scopes: distinct(scope, LIMITS.connectorScopes)
      .refine((list) => list.includes("openid"), "expected openid among them")
      .meta({ description: "That are asked for, openid among them", examples: [["openid", "email"]] }),
    subjectClaim: claimName.meta({ description: "The claim by which the provider names people", examples: ["sub"] }),
  })
  .meta({ id: "OidcConnector" });

/** Of nobody: nothing is signed with its key. */
const EXAMPLE_CERTIFICATE = [
  "MIIBGDCBvwIUFHL7+Sd3d+9KR0CZLGe9fiJSWd4wCgYIKoZIzj0EAwIwDjEMMAoGA1UEAwwDaWRwMCAXDTI2MTEyMjA4MzMxNloYDzIxMjYxMD",
  "I5MDgzMzE2WjAOMQwwCgYDVQQDDANpZHAwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASy0gNtbTSnnilSKx5H1NtTOSDkrc/3K0c346kruO6m",
  "+UKhYnuR68nQiYChjeKWFtIQWo+RpDeY8jp0/w+ihzfMMAoGCCqGSM49BAMCA0gAMEUCIQDccWceiLfYHkCLl8H5Zqaz6cIWwDqPRqxa98m2m+",
  "rkKgIgNKswpZxae+eL+dktMQ+gbVeffCyqZ3Dyfx83V4ONMu8=",
].join("");

const certificate = fitting(z.string().max(LIMITS.certificateCharacters), certificateProblem).meta({
  description: "X.509, in PEM or as the base64 of its DER",
  examples: [EXAMPLE_CERTIFICATE],
});

const saml = z
  .strictObject({
    protocol: z.literal("saml"),
    entityId: fitting(address, (text) => (URL.canParse(text) ? null : "expected an absolute URI")).meta({
      description: "Of the identity provider, compared as it is",
      examples: ["https://idp.example.com/metadata"],
    }),
    ssoUrl: fitting(address, ssoUrlProblem).meta({
      description: "To which requests go: https",
      examples: ["https://idp.example.com/sso"],
    }),
    certificates: distinct(certificate, LIMITS.certificates)
      .min(1)
      .refine((list) => isDistinct(list), "expected each certificate once")
      .meta({ description: "By which what it says is verified: of RSA with 2048 bits or more, or of EC" }),
    wantAssertionsSigned: z
      .boolean()
      .meta({ description: "Assertions themselves, and not the answer around them alone", examples: [true] }),
    nameIdFormat: z.enum(NAME_ID_FORMATS).meta({ description: "How it names people (SAML 2.0 core, 8.3)" }),
  })
  .meta({ id: "SamlConnector" });

/** In whatever form they came. Those that are none have been told already. */
function isDistinct(certificates: readonly string[]): boolean {
  const whole = certificates.filter((text) => certificateProblem(text) === null);
  return new Set(whole.map((text) => certificateSummary(text).sha256)).size === whole.length;
}

export const connectorSettings = z
  .discriminatedUnion("protocol", [oidc, saml])
  .meta({ description: "OpenID Connect (the client's side of it), or SAML 2.0 (the service provider's)" });
