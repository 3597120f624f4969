import type { ContainerInfo } from "#lib/mesos/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import type { OciCapabilities } from "./oci.ts"
import type { RuncSettings } from "./settings.ts"

/** Every capability that the API can name, which is all of Linux' up to 5.9. */
export const ALL_CAPABILITIES: readonly string[] =
  `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
   NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO
   SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME
   SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG
   WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`.split(/\s+/)

/**
 * The capabilities of a container. What a task names as effective it has, whoever its user is; what
 * it names as bounding, or the operator's default, only programs of root have. Refused when a task
 * asks for more than the operator's ceiling, or for more effective than bounding ones.
 * Source: apache/mesos: docs/isolators/linux-capabilities.md.
 */
export function capabilitiesOf(
  container: ContainerInfo | undefined,
  settings: RuncSettings,
  uid: number,
): Result<OciCapabilities, string> {
  const info = container?.linuxInfo
  const named: readonly string[] | undefined = (info?.effectiveCapabilities ?? info?.capabilityInfo)
    ?.capabilities
  const bounded: readonly string[] | undefined = info?.boundingCapabilities?.capabilities
  const ceiling = settings.boundingCapabilities
  const bounding = bounded ?? named ?? within(settings.effectiveCapabilities, ceiling)
  const effective = named ?? within(settings.effectiveCapabilities, bounding)
  const beyond = bounding.find((name) => ceiling !== undefined && !ceiling.includes(name))
  if (beyond !== undefined)
    return err(`capability ${beyond} is beyond the agent's --bounding_capabilities`)
  const outside = effective.find((name) => !bounding.includes(name))
  if (outside !== undefined)
    return err(`effective capability ${outside} is not among the bounding capabilities`)
  const unknown = [...bounding, ...effective].find((name) => !ALL_CAPABILITIES.includes(name))
  if (unknown !== undefined) return err(`there is no capability '${unknown}'`)
  const inherited = named !== undefined && uid !== 0
  const held = uid === 0 || inherited ? effective : []
  return ok({
    bounding: bounding.map(prefixed),
    effective: held.map(prefixed),
    permitted: (uid === 0 ? bounding : held).map(prefixed),
    inheritable: inherited ? held.map(prefixed) : [],
    ambient: inherited ? held.map(prefixed) : [],
  })
}

const prefixed = (name: string): string => `CAP_${name}`

const within = (names: readonly string[], limit: readonly string[] | undefined): string[] =>
  names.filter((name) => limit === undefined || limit.includes(name))
