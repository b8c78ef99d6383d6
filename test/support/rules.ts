/** Documents of an application that are none of the defaults. */
import type { ApplicationDocuments } from "../../src/entities/application-documents.ts";

export const SETTINGS: ApplicationDocuments["settings"] = { redirectUris: ["https://shop.example.com/in"] };
export const AUTHENTICATION: ApplicationDocuments["authentication"] = {
  ...{ methods: ["pwd", "hwk"], connectors: null, assurance: 2, secondFactor: true, maximumAgeSeconds: 600 },
};
export const SESSION: ApplicationDocuments["session"] = { tokenLifetimeSeconds: 600, reauthenticateAfterSeconds: 7200 };
export const CLAIMS: ApplicationDocuments["claims"] = { token: ["name"], service: ["name", "email"] };

export function admission(more: Partial<ApplicationDocuments["admission"]> = {}): ApplicationDocuments["admission"] {
  return { everyone: false, members: true, accounts: [], blocked: [], domains: [], ...more };
}
