import type { RLimitInfo } from "#lib/mesos/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"

/** The option of prlimit(1) for each limit of the API; NICE and the like exist only there. */
const RLIMIT_OPTIONS: Readonly<Record<string, string>> = {
  RLMT_AS: "as",
  RLMT_CORE: "core",
  RLMT_CPU: "cpu",
  RLMT_DATA: "data",
  RLMT_FSIZE: "fsize",
  RLMT_LOCKS: "locks",
  RLMT_MEMLOCK: "memlock",
  RLMT_MSGQUEUE: "msgqueue",
  RLMT_NICE: "nice",
  RLMT_NOFILE: "nofile",
  RLMT_NPROC: "nproc",
  RLMT_RSS: "rss",
  RLMT_RTPRIO: "rtprio",
  RLMT_RTTIME: "rttime",
  RLMT_SIGPENDING: "sigpending",
  RLMT_STACK: "stack",
}

/** The programs of util-linux that a launch may pass through; null where missing. */
export type HostTools = {
  readonly setsid: string | null
  readonly setpriv: string | null
  readonly prlimit: string | null
  readonly bash: string | null
  readonly script: string | null
  readonly stty: string | null
}

/** Looks the tools up in the agent's PATH. */
export const findTools = (): HostTools => ({
  setsid: Bun.which("setsid"),
  setpriv: Bun.which("setpriv"),
  prlimit: Bun.which("prlimit"),
  bash: Bun.which("bash"),
  script: Bun.which("script"),
  stty: Bun.which("stty"),
})

/** The start of a command line that sets resource limits, empty when there are none. */
export function rlimitPrefix(
  info: RLimitInfo | undefined,
  prlimit: string | null,
): Result<readonly string[], string> {
  const limits = info?.rlimits ?? []
  if (limits.length === 0) return ok([])
  if (prlimit === null)
    return err("rlimit_info needs the program prlimit on the agent: install util-linux")
  const options: string[] = []
  for (const { type = "UNKNOWN", soft, hard } of limits) {
    const option = RLIMIT_OPTIONS[type]
    if (option === undefined) return err(`rlimit_info: unknown limit ${type}`)
    if ((soft === undefined) !== (hard === undefined))
      return err(`rlimit_info: ${type} must set both soft and hard, or neither`)
    if (soft !== undefined && hard !== undefined && soft > hard)
      return err(`rlimit_info: the soft limit ${soft} of ${type} exceeds its hard limit ${hard}`)
    options.push(`--${option}=${soft ?? "unlimited"}:${hard ?? "unlimited"}`)
  }
  return ok([prlimit, ...options])
}
