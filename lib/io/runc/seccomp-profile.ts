import { readFileSync } from "node:fs"
import type { ContainerSpec } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { errorText } from "#lib/io/host/files.ts"
import type { OciSeccomp, OciSyscalls } from "./oci.ts"
import { defaultSeccomp } from "./seccomp.ts"
import type { RuncSettings } from "./settings.ts"

/** A filter of system calls for a set of capabilities ("CAP_CHOWN"); undefined for none. */
export type SeccompFor = (capabilities: ReadonlySet<string>) => OciSeccomp | undefined

/** What must be so, or must not be, for a rule of a profile to count. */
type Conditions = { readonly arches?: readonly string[]; readonly caps?: readonly string[] }

/** A rule as Docker's profiles have it; `name` is an older spelling of one of `names`. */
type Rule = Omit<OciSyscalls, "names" | "args"> & {
  readonly names?: readonly string[]
  readonly name?: string
  readonly args?: OciSyscalls["args"] | null
  readonly includes?: Conditions
  readonly excludes?: Conditions
}

/** A profile in Docker's format. */
export type SeccompProfile = {
  readonly defaultAction: string
  readonly defaultErrnoRet?: number
  readonly architectures?: readonly string[]
  readonly archMap?: readonly {
    readonly architecture: string
    readonly subArchitectures?: readonly string[] | null
  }[]
  readonly syscalls: readonly Rule[]
}

/** Processors as Node names them, as Docker's conditions do, and as the kernel's filter does. */
const PROCESSORS: Readonly<Record<string, { readonly docker: string; readonly filter: string }>> = {
  x64: { docker: "amd64", filter: "SCMP_ARCH_X86_64" },
  arm64: { docker: "arm64", filter: "SCMP_ARCH_AARCH64" },
}

/**
 * The filter for a container: the profile that it names, the operator's, or the built-in one. Refused
 * when that is no profile, naming the file. Source: apache/mesos: docs/isolators/linux-seccomp.md.
 */
export function seccompOf(
  { task }: Pick<ContainerSpec, "task">,
  settings: Pick<RuncSettings, "seccompConfigDir" | "seccompProfileName">,
): Result<SeccompFor, string> {
  const wanted = task.container?.linuxInfo?.seccomp
  const { seccompConfigDir: directory } = settings
  if (wanted?.unconfined === true)
    return wanted.profileName === undefined
      ? ok(() => undefined)
      : err("linux_info.seccomp names a profile and is unconfined: it can be one of both")
  const name = wanted?.profileName ?? settings.seccompProfileName
  if (name === undefined) return ok((capabilities) => defaultSeccomp(capabilities, process.arch))
  if (directory === undefined)
    return err(`seccomp profile '${name}' cannot be found: the agent has no --seccomp_config_dir`)
  const profile = readProfile(directory, name)
  if (!profile.ok) return profile
  return ok((capabilities) => profileSeccomp(profile.value, capabilities, process.arch))
}

/** Reads a profile of a directory; refused, naming it, when there is none or it is not a profile. */
export function readProfile(directory: string, name: string): Result<SeccompProfile, string> {
  const refuse = (why: string) => err(`seccomp profile '${name}': ${why}`)
  if (!/^[\w.-]+$/.test(name) || name.startsWith(".")) return refuse("is no name of a file")
  try {
    const parsed: unknown = JSON.parse(readFileSync(`${directory}/${name}`, "utf8"))
    return isProfile(parsed) ? ok(parsed) : refuse("needs a defaultAction, and syscalls with names")
  } catch (cause) {
    return refuse(errorText(cause))
  }
}

function isProfile(value: unknown): value is SeccompProfile {
  if (typeof value !== "object" || value === null) return false
  const { defaultAction, syscalls } = value as Partial<SeccompProfile>
  return (
    typeof defaultAction === "string" &&
    Array.isArray(syscalls) &&
    syscalls.every(
      (rule: Partial<Rule> | null) =>
        typeof rule?.action === "string" &&
        (Array.isArray(rule.names) || typeof rule.name === "string"),
    )
  )
}

/** What of a profile counts on a processor and for capabilities, as runc takes it. */
export function profileSeccomp(
  profile: SeccompProfile,
  capabilities: ReadonlySet<string>,
  architecture: string,
): OciSeccomp {
  const processor = PROCESSORS[architecture]
  const own = profile.archMap?.find((entry) => entry.architecture === processor?.filter)
  const architectures =
    own === undefined ? profile.architectures : [own.architecture, ...(own.subArchitectures ?? [])]
  const meets = ({ arches, caps }: Conditions): readonly boolean[] => [
    ...(arches === undefined || arches.length === 0
      ? []
      : [arches.includes(processor?.docker ?? "")]),
    ...(caps ?? []).map((capability) => capabilities.has(capability)),
  ]
  const rules = profile.syscalls.filter(
    ({ includes = {}, excludes = {} }) =>
      meets(includes).every(Boolean) && !meets(excludes).some(Boolean),
  )
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(architectures === undefined ? {} : { architectures }),
    syscalls: rules.map(({ names, name, action, errnoRet, args }) => ({
      names: names ?? [name ?? ""],
      action,
      ...(errnoRet === undefined ? {} : { errnoRet }),
      ...(args === undefined || args === null ? {} : { args }),
    })),
  }
}
