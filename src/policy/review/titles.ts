import type { Access, Group } from "./groups.ts";
import { capitalized, code, doneOn, listed, subjectsOf } from "./words.ts";

/** Beyond so many phrases a title tells the sums. */
const MOST_PHRASES = 4;
/** Beyond so many actions a phrase tells how many they are. */
const MOST_NAMED = 5;

type Grouped = Pick<Group, "access" | "isNewMatrix" | "kind" | "version" | "actions" | "roles" | "ways">;

/** An action that somebody may do, with what happens to that. */
interface Permission {
  /** Of a new matrix, which nobody has before. */
  readonly matrix: string | null;
  readonly access: Access;
  readonly subject: string;
  readonly kind: string;
  readonly action: string;
}

const GIVING: readonly Access[] = ["gained", "widened"];
const TAKING: readonly Access[] = ["lost", "narrowed"];
const ORDER = [...GIVING, ...TAKING];

/** Who gains and who loses, in one line: "Billing gains 11 permissions; Viewer loses `view` (sector)". */
export function titleOf(groups: readonly Grouped[]): string {
  if (groups.length === 0) return "Every decision is the same";
  const permissions = groups.flatMap(permissionsIn);
  const bySubject = Map.groupBy(permissions, ({ matrix, access, subject }) =>
    JSON.stringify([matrix, access, subject]),
  );
  const alike = Map.groupBy(bySubject.values(), (some) =>
    JSON.stringify(some.map(({ subject: _subject, ...permission }) => permission)),
  );
  const sorted = [...alike.values()].sort(([one], [other]) => rankOf(one?.[0]) - rankOf(other?.[0]));
  const phrases = sorted.length > MOST_PHRASES ? sumsOf(permissions) : sorted.map(phraseOf);
  const served = permissions.filter(({ matrix }) => matrix === null);
  const [gains, loses] = [GIVING, TAKING].map((some) => served.some(({ access }) => some.includes(access)));
  const rest =
    gains === true ? "nobody loses any" : loses === true ? "nobody gains any" : "nobody gains or loses anything";
  return capitalized([...phrases, ...(gains === true && loses === true ? [] : [rest])].join("; "));
}

function permissionsIn({ access, isNewMatrix, kind, version, actions, roles, ways }: Grouped): Permission[] {
  if (access === null) return [];
  const subjects = ways.length > 0 ? ways : roles.length > 0 ? roles : ["whoever meets the conditions below"];
  const matrix = isNewMatrix ? version : null;
  return subjects.flatMap((subject) => actions.map((action) => ({ matrix, access, subject, kind, action })));
}

function rankOf(permission: Permission | undefined): number {
  return permission === undefined ? -1 : ORDER.indexOf(permission.access);
}

const VERBS: Readonly<Record<Access, (isOne: boolean) => string>> = {
  gained: (isOne) => (isOne ? "gains" : "gain"),
  lost: (isOne) => (isOne ? "loses" : "lose"),
  widened: () => "may do",
  narrowed: () => "may do",
};

/** @param some of subjects whose permissions are the same */
function phraseOf(some: readonly (readonly Permission[])[]): string {
  const [permissions = []] = some;
  const [{ matrix, access, kind, action }] = permissions as [Permission]; // grouped by it
  const within = matrix === null ? "" : `in the new matrix ${code(matrix)}, unlike the default one, `;
  const who = `${within}${subjectsOf(some.flatMap(([first]) => first?.subject ?? []))}`;
  const distinct = new Set(permissions.map((each) => `${each.kind} ${each.action}`)).size;
  const isSome = access === "gained" || access === "lost";
  const what = distinct > MOST_NAMED ? `${distinct} ${isSome ? "permissions" : "actions"}` : namesOf(permissions);
  const isOne = distinct === 1 && !isSome;
  const verb = isOne ? `may ${doneOn([action], kind)}` : `${VERBS[access](some.length === 1)} ${what}`;
  return `${who} ${verb}${isSome ? "" : ` in ${access === "widened" ? "more" : "fewer"} cases`}`;
}

/** "`view` (project and folder) and `share` (folder)". */
function namesOf(permissions: readonly Permission[]): string {
  const byAction = Map.groupBy(permissions, ({ action }) => action);
  const named = [...byAction].map(([action, some]) => {
    const kinds = [...new Set(some.map(({ kind }) => kind))];
    return `${code(action)} (${listed(kinds)})`;
  });
  return listed(named);
}

const SUMS: Readonly<Record<Access, string>> = {
  gained: "gained",
  widened: "given in more cases",
  narrowed: "left in fewer cases",
  lost: "lost",
};

function sumsOf(permissions: readonly Permission[]): string[] {
  return ORDER.flatMap((access) => {
    const sum = new Set(permissions.filter((each) => each.access === access).map((each) => JSON.stringify(each))).size;
    return sum === 0 ? [] : [`${sum} ${sum === 1 ? "permission is" : "permissions are"} ${SUMS[access]}`];
  });
}
