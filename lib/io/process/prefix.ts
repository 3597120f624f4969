import type { RLimitInfo } from "#lib/mesos/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { resourceLimits } from "#lib/io/host/rlimits.ts"

/** What the shell of a supervisor ignores on behalf of a task, the task hears as it likes: for env(1). */
export const HEED_SIGNALS = "--default-signal=INT,QUIT"

/** The programs of util-linux that a launch may pass through; null where missing. */
export type HostTools = {
  readonly setsid: string | null
  readonly setpriv: string | null
  readonly prlimit: string | null
  readonly bash: string | null
  readonly script: string | null
  readonly stty: string | null
  /** One that knows `HEED_SIGNALS`. */
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
  env: findEnv(),
})

/** env(1) where it can give signals back what they do by default: not every one can. */
function findEnv(): string | null {
  const path = Bun.which("env")
  if (path === null) return null
  const tried = Bun.spawnSync([path, HEED_SIGNALS, "true"], { stderr: "ignore" })
  return tried.success ? path : null
}

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
