/** The revision that a thing has, by its path, which a drawn request may name in If-Match. */
import type { TestGateway } from "../support/gateway.ts";

/** Undefined: there is no such thing. */
export async function revisionOf(gateway: TestGateway, path: string): Promise<string | undefined> {
  const [, anchor, document] =
    /\/applications\/([^/]+)\/(?:rules\/)?(settings|admission|authentication|session|claims)$/.exec(path) ?? [];
  if (document !== undefined) {
    const text = "select revision from application_documents where anchor = $1 and name = $2";
    return (await gateway.sql<{ revision: string }>(text, [anchor, document]))[0]?.revision ?? "1";
  }
  const [, slug, noun, id, inner] =
    /^\/v1\/organizations\/([^/]+)(?:\/([a-z]+)\/([^/]+)(?:\/([^/]+))?)?/.exec(path) ?? [];
  const personal = /^\/v1\/(?:invitations|platform\/[a-z]+)\/([^/]+)/.exec(path)?.[1];
  const rows = await gateway.sql<{ revision: string }>(
    `select revision from organizations where slug = $1 and $2::text is null
     union all
     select m.revision from memberships m join organizations o on o.id = m.organization_id join accounts a on a.id = m.account_id
     where o.slug = $1 and $2 = 'members' and a.alias = $3
     union all select revision from sectors where id = $3
     union all select revision from applications where anchor = $3
     union all select revision from invitations where id = coalesce($4, $3)
     union all select revision from transfers where id = $3
     union all select revision from connectors where id = $3
     union all select revision from clients where id = $4
     union all select a.revision from accounts a join sign_in_methods s on s.account_id = a.id where s.subject = $5
     union all select revision from sectors where id = $4
     union all select revision from applications where anchor = $4
     union all select e.revision from entities e join organizations o on o.id = e.organization_id
     where o.slug = $1 and $2 = 'entities' and e.type = $3 and e.id = $6`,
    [
      ...[slug ?? null, noun ?? null, id ?? null, personal ?? null],
      ...[path === "/v1/me" ? "stranger" : null, inner ?? null],
    ],
  );
  return rows[0]?.revision;
}
