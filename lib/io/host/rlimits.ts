import type { RLimitInfo } from "#lib/mesos/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"

/** A limit of setrlimit(2); without numbers there is none. */
export type ResourceLimit = {
  /** As prlimit(1) has it: "nofile". */
  readonly name: string
  readonly soft?: number | undefined
  readonly hard?: number | undefined
}

const NAMES: ReadonlySet<string> = new Set(
  `as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending
   stack`.split(/\s+/),
)

/** The limits of a task. Refused, with the reason, when one is unknown, half given or upside down. */
export function resourceLimits(
  info: RLimitInfo | undefined,
): Result<readonly ResourceLimit[], string> {
  const limits: ResourceLimit[] = []
  for (const { type = "UNKNOWN", soft, hard } of info?.rlimits ?? []) {
    const name = type.replace(/^RLMT_/, "").toLowerCase()
    if (!NAMES.has(name)) return err(`rlimit_info: unknown limit ${type}`)
    if ((soft === undefined) !== (hard === undefined))
      return err(`rlimit_info: ${type} must set both soft and hard, or neither`)
    if (soft !== undefined && hard !== undefined && soft > hard)
      return err(`rlimit_info: the soft limit ${soft} of ${type} exceeds its hard limit ${hard}`)
    limits.push({ name, soft, hard })
  }
  return ok(limits)
}
