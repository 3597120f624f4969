import type { RLimitInfo } from "#lib/mesos/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { resourceLimits } from "#lib/io/host/rlimits.ts"

/** The programs of util-linux that a launch may pass through; null where missing. */
export type HostTools = {
  readonly setsid: string | null
  readonly setpriv: string | null
  readonly prlimit: string | null
  readonly bash: string | null
  readonly script: string | null
  readonly stty: string | null
  readonly env: string | null
}

/** Looks the tools up in the agent's PATH. */
export const findTools = (): HostTools => ({
  setsid: Bun.which("setsid"),
  setpriv: Bun.which("setpriv"),
  prlimit: Bun.which("prlimit"),
  bash: Bun.which("bash"),
  script: Bun.which("script"),
  stty: Bun.which("stty"),
  env: Bun.which("env"),
})

/** The start of a command line that sets resource limits, empty when there are none. */
export function rlimitPrefix(
  info: RLimitInfo | undefined,
  prlimit: string | null,
): Result<readonly string[], string> {
  const limits = resourceLimits(info)
  if (!limits.ok) return limits
  if (limits.value.length === 0) return ok([])
  if (prlimit === null)
    return err("rlimit_info needs the program prlimit on the agent: install util-linux")
  const options = limits.value.map(
    ({ name, soft, hard }) => `--${name}=${soft ?? "unlimited"}:${hard ?? "unlimited"}`,
  )
  return ok([prlimit, ...options])
}
