import type { DataSharing, Page, PageRequest } from "../entities/records.ts";
import type { Queryable } from "./database.ts";
import { type Dated, pageOf } from "./page.ts";

/** S0.4: the applications that know one account, by anchor. */
export async function listDataSharing(on: Queryable, account: string, page: PageRequest): Promise<Page<DataSharing>> {
  const rows = await on.query<Dated<DataSharing>>({
    name: "list_data_sharing",
    text: `
      select application, application_name as "applicationName", organization, organization_name as "organizationName", claims,
        first_at as "firstAt", last_at as "lastAt"
      from list_data_sharing($1, $2, $3)
      order by application`,
    values: [account, page.after, page.size + 1],
  });
  return pageOf<DataSharing>(rows, page, (item) => item.application);
}
