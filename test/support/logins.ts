/** Logins, as a service asks for them. */
import { createRemoteJWKSet, jwtVerify, type JWTVerifyResult } from "jose";
import type { Answered, Person, TestGateway } from "./gateway.ts";
import { foundWide, must, type Wide } from "./world.ts";

export interface LoginAnswer {
  readonly decision: boolean;
  readonly context: {
    readonly id: string;
    readonly reasons: readonly Readonly<Record<string, unknown>>[];
    readonly withheld?: string;
  };
  readonly login?: {
    readonly subject: { readonly type: string; readonly id: string };
    readonly token: string;
    readonly expiresAt: string;
    readonly claims: Readonly<Record<string, unknown>>;
  };
}

export interface Attempt {
  readonly subject?: { readonly type: string; readonly id: string };
  readonly authentication?: object;
  readonly domain?: string;
  readonly claims?: object;
  readonly consent?: boolean;
  readonly connector?: string | undefined;
}

/** A service that may ask about logins, in these organizations. */
export async function loginService(
  gateway: TestGateway,
  name: string,
  organizations: readonly string[],
): Promise<Person> {
  return await gateway.service(name, { scopes: ["logins:create"], organizations });
}

/** An organization of alice's, with room for applications, and a service that may ask about logins there. */
export async function foundForLogins(gateway: TestGateway): Promise<Wide & { readonly service: Person }> {
  const world = await foundWide(gateway);
  return { ...world, service: await loginService(gateway, "id-service", [world.slug]) };
}

/** From now on it is bound to these applications, and to these organizations alone. */
export async function bindTo(
  gateway: TestGateway,
  service: Person,
  anchors: readonly string[],
  organizations: readonly string[] = [],
): Promise<void> {
  await gateway.sql("update clients set applications = $2, organizations = $3 where client_id = $1", [
    ...[service.alias, anchors, organizations],
  ]);
}

export function attemptOf(who: Person | string, more: Attempt = {}): object {
  const id = typeof who === "string" ? who : who.alias;
  const at = new Date().toISOString();
  return {
    subject: { type: "account", id },
    ...more,
    authentication: { methods: ["pwd"], assurance: 1, factors: 1, at, ...more.authentication },
  };
}

export async function tryLogin(service: Person, anchor: string, attempt: object): Promise<Answered> {
  return await service.post(`/v1/applications/${anchor}/logins`, attempt);
}

export async function logIn(service: Person, anchor: string, attempt: object): Promise<LoginAnswer> {
  return must(await tryLogin(service, anchor, attempt), 200).body as unknown as LoginAnswer; // the contract tests hold its shape
}

/** Throws where it is denied. */
export function granted({ login, ...denied }: LoginAnswer): NonNullable<LoginAnswer["login"]> {
  if (login === undefined) throw new Error(`denied: ${JSON.stringify(denied)}`);
  return login;
}

export const codesOf = ({ context }: LoginAnswer): unknown[] => context.reasons.map(({ code }) => code);

/** Lets a login be decided, and go on only when the change was answered. */
export async function decidedBefore(
  { gateway: { deps } }: TestGateway,
  change: () => Promise<void>,
  login: () => Promise<LoginAnswer>,
): Promise<LoginAnswer> {
  const { judge } = deps;
  const [reached, answered] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  let isFirst = true;
  Object.assign(deps, {
    judge: async (...asked: Parameters<typeof judge>) => {
      const verdicts = await judge(...asked);
      if (asked[0].kind !== "login" || !isFirst) return verdicts;
      isFirst = false;
      reached.resolve(undefined);
      await answered.promise;
      return verdicts;
    },
  });
  try {
    const waiting = login();
    await reached.promise;
    await change();
    answered.resolve(undefined);
    return await waiting;
  } finally {
    Object.assign(deps, { judge });
  }
}

/** As a relying party would, which knows the application's address and nothing else. */
export async function verified(gateway: TestGateway, anchor: string, token: string): Promise<JWTVerifyResult> {
  const keys = createRemoteJWKSet(new URL(`${gateway.url}/v1/applications/${anchor}/jwks.json`));
  const issuer = `${gateway.config.publicUrl}/v1/applications/${anchor}`;
  return await jwtVerify(token, keys, { issuer, audience: anchor, typ: "login+jwt", requiredClaims: ["sub", "exp"] });
}
