import type { Target } from "./gather.ts";

export interface ApplicationPath {
  readonly slug: string;
  readonly anchor: string;
}

export function applicationTarget({ slug, anchor }: ApplicationPath): Target<"application"> {
  return { kind: "application", id: anchor, slug };
}
