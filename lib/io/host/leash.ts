import { realpathSync } from "node:fs"

/**
 * The start of a command line whose program is killed when this process ends, however that happens. It
 * goes behind the one that switches users, which takes that back. Empty where util-linux is missing.
 */
export function leash(): readonly string[] {
  const setpriv = Bun.which("setpriv")
  // That of busybox does not know the option.
  if (setpriv === null || realpathSync(setpriv).endsWith("/busybox")) return []
  return [setpriv, "--pdeathsig", "KILL"]
}
