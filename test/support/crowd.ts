import type { TestGateway } from "./gateway.ts";

/**
 * Puts so many members, sectors, applications, pending invitations, entities and audit events beside what the organization has; by SQL, to be quick.
 * The graph knows none of these members, who come behind those whom it knows.
 */
export async function fill(
  { sql }: Pick<TestGateway, "sql">,
  slug: string,
  { size, state }: { readonly size: number; readonly state: "enabled" | "retired" },
): Promise<void> {
  const [found] = await sql<{ id: string }>("select id from organizations where slug = $1", [slug]);
  const id = found?.id ?? "";
  await sql("delete from limits where organization_id = $1", [id]);
  await sql(
    `insert into limits select $1, name, 1000000
     from unnest('{applications,sectors,members,pendingInvitations}'::text[]) name`,
    [id],
  );
  const each = `from generate_series(1, $2::int) n`;
  const own = `left(md5($1 || '-' || n), 20)`;
  const statements = [
    `insert into accounts (id, alias, pseudonym, created_at, updated_at)
     select 'acc-zzzz' || kind || ${own}, kind || '-' || ${own}, 'p-' || kind || ${own}, now(), now()
     ${each}, unnest('{member,invited}'::text[]) kind`,
    `insert into memberships (organization_id, account_id, role, created_at, updated_at)
     select $1, 'acc-zzzzmember' || ${own}, 'viewer', now(), now() ${each}`,
    `insert into invitations (id, organization_id, account_id, role, state, invited_by, expires_at, created_at, updated_at)
     select 'inv-' || ${own}, $1, 'acc-zzzzinvited' || ${own}, 'viewer', 'pending', null, now() + interval '7 days', now(), now() ${each}`,
    `insert into sectors (id, organization_id, name, state, created_at, updated_at)
     select 'sec-' || ${own}, $1, 'Sector', '${state}', now(), now() ${each}`,
    `insert into applications (anchor, organization_id, sector_id, name, kind, state, created_at, updated_at)
     select 'app-' || ${own}, $1, 'sec-' || ${own}, 'Shop', 'web', '${state}', now(), now() ${each}`,
    `insert into entities (organization_id, type, id, surrogate, is_stored, attributes, created_at, updated_at)
     select $1, 'group', 'group-' || n, 'e-' || ${own}, true, '{"title":"Group"}', now(), now() ${each}`,
    `insert into audit_events (organization_id, version, ordinal, at, actor_kind, actor, action, target_kind, target_id)
     select $1, 1, n, now() - interval '1 s' * n, 'system', 'system', 'sector.rename', 'sector', 'sec-' || ${own} ${each}`,
  ];
  for (const text of statements) await sql(text, [id, size]);
}
