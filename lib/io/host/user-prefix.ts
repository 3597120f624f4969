import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import type { Accounts } from "./accounts.ts"

/** The start of a command line that switches to an account, empty when it is the agent's own. */
export async function userPrefix(
  user: string | undefined,
  accounts: Accounts,
  setpriv: string | null,
): Promise<Result<readonly string[], string>> {
  if (user === undefined || user === "") return ok([])
  const account = await accounts.find(user)
  if (account === undefined)
    return err(`user '${user}' does not exist on the agent: create it, or name another user`)
  const own = process.getuid?.() ?? 0
  if (account.uid === own) return ok([])
  if (own !== 0)
    return err(`the agent runs without root and cannot switch to user '${user}': omit the user`)
  if (setpriv === null)
    return err(`switching to user '${user}' needs the program setpriv: install util-linux`)
  return ok([setpriv, `--reuid=${account.uid}`, `--regid=${account.gid}`, "--init-groups"])
}
