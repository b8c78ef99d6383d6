/** Do objects and lists lie deeper in each other than this, the value itself being the first? It goes no deeper than it must. */
export function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depth === 0 || Object.values(value).some((member) => isDeeper(member, depth - 1));
}
