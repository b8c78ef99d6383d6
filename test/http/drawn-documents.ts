/** An application's documents by chance; most of them as they would be meant. */
import type { Chance } from "../support/seed.ts";
import { admission, AUTHENTICATION, CLAIMS, SESSION } from "../support/rules.ts";
import { aliasOf, once, oneOf, type Situation } from "./situations.ts";

/** By the end of the operation's name. */
export function drawnDocument(
  operation: string,
  situation: Situation,
  chance: Chance,
): Readonly<Record<string, unknown>> | undefined {
  const [noun] =
    /(ApplicationSettings|AdmissionRules|AuthenticationRules|SessionRules|ClaimPolicy)$/.exec(operation) ?? [];
  const alias = once(chance, 8) ? "nobody-here" : aliasOf(situation, chance);
  const people = once(chance, 8) ? [alias, alias] : [alias];
  const domains = once(chance, 4) ? ["nowhere.example.com"] : [...situation.domains];
  const uri = oneOf(chance, "https://shop.example.com/in", "http://127.0.0.1/in", "http://shop.example.com/in");
  const documents: Readonly<Record<string, object>> = {
    ApplicationSettings: { redirectUris: [uri].slice(chance.below(2)) },
    AdmissionRules: admission(
      oneOf(chance, {}, { everyone: true }, { accounts: people }, { blocked: people }, { domains }),
    ),
    AuthenticationRules: { ...AUTHENTICATION, assurance: 1 + chance.below(4) },
    SessionRules: { ...SESSION, tokenLifetimeSeconds: 60 * chance.below(4) },
    ClaimPolicy: { ...CLAIMS, token: oneOf(chance, [], ["name"], ["sub"]) },
  };
  const document = documents[noun ?? ""];
  return document === undefined ? undefined : { ...document };
}
