import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { findOpenfga } from "../../src/local/openfga-binary.ts";
import { type Checkout, here } from "./own-gateway.ts";

/** A path that has to be quoted everywhere: spaces, letters beyond ASCII, and what means something in a URL and in YAML. */
const AWKWARD = "Zoë's  Gerät #1: 100% 東京";

export type Account = NonNullable<Checkout["account"]>;

/** Nobody, as far as this process may become somebody else; else ourselves, who are not root then. */
export const UNPRIVILEGED: Account | undefined = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined;

export interface CheckoutCopy {
  /** To be removed. */
  readonly folder: string;
  /** A folder in which that account may make state directories. */
  homeOf(account: Account | undefined): string;
  as(account: Account | undefined): Checkout;
}

/** All that `npm start` needs, below a folder with an awkward name which every account can read. */
export async function copyCheckout(): Promise<CheckoutCopy> {
  const { root: original, environment } = here();
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "bailiwick-portable-")));
  chmodSync(folder, 0o755);
  const root = path.join(folder, AWKWARD, "checkout");
  mkdirSync(root, { recursive: true });
  for (const part of ["src", "policies", "package.json"]) {
    cpSync(path.join(original, part), path.join(root, part), { recursive: true });
  }
  copyPackages(path.join(original, "node_modules"), root);
  const openfga = await findOpenfga({ environment, report: () => undefined });
  const homeOf = (account: Account | undefined): string => {
    const home = path.join(folder, AWKWARD, `home of ${account?.uid ?? "ourselves"}`);
    mkdirSync(path.join(home, ".cache", "bailiwick"), { recursive: true });
    const own = [home, path.join(home, ".cache"), path.join(home, ".cache", "bailiwick")];
    if (account !== undefined) for (const made of own) chownSync(made, account.uid, account.gid);
    if (openfga.kind === "binary") {
      cpSync(openfga.path, path.join(home, ".cache", "bailiwick", path.basename(openfga.path)));
    }
    return home;
  };
  const as = (account: Account | undefined): Checkout => {
    const home = homeOf(account);
    const compiled = path.join(home, ".cache", "compiled"); // by its first process; only to save time
    return {
      root,
      node: path.join(root, path.relative(original, process.execPath)),
      ...(account === undefined ? {} : { account }),
      environment: { PATH: environment["PATH"] ?? "", HOME: home, NODE_COMPILE_CACHE: compiled },
    };
  };
  return { folder, homeOf, as };
}

/** By hard links, which take a second and no room; by copies across file systems. */
function copyPackages(packages: string, target: string): void {
  const copy = (flags: string): unknown => execFileSync("cp", [flags, packages, target], { stdio: "ignore" });
  try {
    copy("-al");
  } catch {
    copy("-a");
  }
}
