import type { Line } from "../support/document-world.ts";
import type { Chance } from "../support/seed.ts";

/** A tree of documents as examples/document-tree has it, and who may what in it: written by hand, by walking, not by asking. */

export type TreeType = "project" | "folder" | "document";
export const TREE_ACTIONS: Readonly<Record<TreeType, readonly string[]>> = {
  project: ["view", "add_folder", "close", "reopen"],
  folder: ["view", "add_document", "share"],
  document: ["view", "edit", "share", "lock", "unlock"],
};

/** A person by alias, or everybody in a group. */
type Party = { readonly account: string } | { readonly group: string };

export interface Tree {
  readonly roles: ReadonlyMap<string, string>; // by alias
  readonly groups: ReadonlyMap<string, readonly Party[]>; // id -> members
  readonly projects: ReadonlyMap<string, { state: "active" | "closed"; contributor: Party[]; leader: Party[] }>;
  readonly folders: ReadonlyMap<string, { project: string[]; parent: string[]; shared: Party[] }>;
  readonly documents: ReadonlyMap<string, Document>;
}

interface Document {
  readonly state: "open" | "locked";
  readonly classification: "internal" | "confidential";
  readonly folder: string[];
  readonly author: string[];
  readonly shared: Party[];
}

/** Folders hang under projects and under each other, in circles too; groups as well. */
export function drawTree(chance: Chance, roles: ReadonlyMap<string, string>): Tree {
  const pick = <Item>(items: readonly Item[]): Item => items[chance.below(items.length)] as Item; // never of nothing
  const some = <Item>(most: number, draw: () => Item): Item[] => {
    return [
      ...new Map(
        Array.from({ length: chance.below(most + 1) }, () => draw()).map((item) => [JSON.stringify(item), item]),
      ).values(),
    ];
  };
  const ids = (prefix: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${prefix} ${index}/ü`);
  const aliases = [...roles.keys()];
  const [groups, projects, folders] = [ids("group", 5), ids("project", 3), ids("folder", 9)];
  const party = (): Party => (chance.below(2) === 0 ? { account: pick(aliases) } : { group: pick(groups) });
  return {
    roles,
    groups: new Map(groups.map((id) => [id, some(3, party).filter((one) => !("group" in one && one.group === id))])),
    projects: new Map(
      projects.map((id) => [
        id,
        { state: pick(["active", "closed"] as const), contributor: some(2, party), leader: some(1, party) },
      ]),
    ),
    folders: new Map(
      folders.map((id) => [
        id,
        { project: some(1, () => pick(projects)), parent: some(1, () => pick(folders)), shared: some(2, party) },
      ]),
    ),
    documents: new Map(
      ids("document", 30).map((id) => [
        id,
        {
          state: pick(["open", "locked"] as const),
          classification: pick(["internal", "internal", "confidential"] as const),
          folder: some(1, () => pick(folders)),
          author: some(1, () => pick(aliases)),
          shared: some(2, party),
        },
      ]),
    ),
  };
}

type Related = readonly { readonly type: string; readonly id: string; readonly relation?: string }[];

/** Its entities, as an import takes them. */
export function linesOf(tree: Tree): Line[] {
  const parties = (all: readonly Party[]): Related =>
    all.map((one) =>
      "account" in one ? { type: "account", id: one.account } : { type: "group", id: one.group, relation: "member" },
    );
  const things = (type: string, all: readonly string[]): Related => all.map((id) => ({ type, id }));
  return [
    ...[...tree.groups].map(([id, members]) => ({
      ...{ type: "group", id, attributes: { title: id } },
      relations: { member: parties(members) },
    })),
    ...[...tree.projects].map(([id, { state, contributor, leader }]) => ({
      ...{ type: "project", id, attributes: { title: id, state } },
      relations: { contributor: parties(contributor), leader: parties(leader) },
    })),
    ...[...tree.folders].map(([id, { project, parent, shared }]) => ({
      ...{ type: "folder", id, attributes: { title: id } },
      relations: {
        project: things("project", project),
        parent: things("folder", parent),
        shared_with: parties(shared),
      },
    })),
    ...[...tree.documents].map(([id, { state, classification, folder, author, shared }]) => ({
      ...{ type: "document", id, attributes: { title: id, state, classification } },
      relations: { folder: things("folder", folder), author: things("account", author), shared_with: parties(shared) },
    })),
  ];
}

export interface TreeQuestion {
  readonly alias: string;
  readonly type: TreeType;
  readonly id: string;
  readonly action: string;
}

/** May it? `isActive`: is the organization? */
export function isAllowedIn(tree: Tree, isActive: boolean, { alias, type, id, action }: TreeQuestion): boolean {
  if (type === "project") return mayProject(tree, alias, id, action);
  if (type === "folder") {
    const reach = { view: "viewer", add_document: "editor", share: "manager" }[action];
    return reach !== undefined && reaches(tree, { alias, reach: reach as Reach }, id);
  }
  return mayDocument(tree, { isActive, alias, action }, tree.documents.get(id));
}

function includes(tree: Tree, all: readonly Party[], alias: string, seen = new Set<string>()): boolean {
  return all.some((one) => {
    if ("account" in one) return one.account === alias;
    if (seen.has(one.group)) return false;
    seen.add(one.group);
    return includes(tree, tree.groups.get(one.group) ?? [], alias, seen);
  });
}

type Reach = "viewer" | "editor" | "manager";

function mayProject(tree: Tree, alias: string, id: string, action: string): boolean {
  const project = tree.projects.get(id);
  if (project === undefined) return false;
  const isAdmin = ["admin", "owner"].includes(tree.roles.get(alias) ?? "");
  if (action === "close") return isAdmin && project.state === "active";
  if (action === "reopen") return isAdmin && project.state === "closed";
  const isEditor = inProject(tree, alias, id, "editor");
  return action === "view" ? isEditor : action === "add_folder" && isEditor && project.state === "active";
}

function inProject(tree: Tree, alias: string, id: string, reach: Reach): boolean {
  const project = tree.projects.get(id);
  if (project === undefined) return false;
  const isManager = ["admin", "owner"].includes(tree.roles.get(alias) ?? "") || includes(tree, project.leader, alias);
  return reach === "manager" ? isManager : isManager || includes(tree, project.contributor, alias);
}

interface Way {
  readonly alias: string;
  readonly reach: Reach;
  readonly seen?: Set<string>;
}

/** In the folder itself, in what it hangs under, or (to view) where it is shared. */
function reaches(tree: Tree, { alias, reach, seen = new Set() }: Way, id: string): boolean {
  const folder = tree.folders.get(id);
  if (folder === undefined || seen.has(id)) return false;
  seen.add(id);
  if (reach === "viewer" && includes(tree, folder.shared, alias)) return true;
  if (folder.project.some((project) => inProject(tree, alias, project, reach))) return true;
  return folder.parent.some((parent) => reaches(tree, { alias, reach, seen }, parent));
}

function mayDocument(
  tree: Tree,
  { isActive, alias, action }: { readonly isActive: boolean; readonly alias: string; readonly action: string },
  document: Document | undefined,
): boolean {
  if (document === undefined) return false;
  const { author, shared, folder, classification, state } = document;
  const isAuthor = author.includes(alias);
  const isInsider = isAuthor || includes(tree, shared, alias);
  const within = (reach: Reach): boolean => folder.some((id) => reaches(tree, { alias, reach }, id));
  const isManager = isAuthor || within("manager");
  const isEditor = isAuthor || within("editor");
  if (classification === "confidential" && !isInsider) return false;
  switch (action) {
    case "view":
      return isInsider || isEditor || within("viewer");
    case "edit":
    case "lock":
      return isEditor && isActive && state === "open";
    case "share":
      return isManager && isActive;
    case "unlock":
      return isManager && isActive && state === "locked";
    default:
      return false;
  }
}
