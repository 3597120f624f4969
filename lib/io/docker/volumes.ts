import type { MountSettings } from "dockerode"
import type { Volume } from "#lib/mesos/index.ts"
import type { ContainerMount } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"

/** Where a container sees its sandbox, unless the operator says otherwise. */
export const CONTAINER_SANDBOX = "/mnt/mesos/sandbox"

/** The volumes of a container for the daemon. */
export type DockerVolumes = {
  /** As `docker run -v` takes them. */
  readonly binds: readonly string[]
  /** Volumes of drivers. */
  readonly mounts: readonly MountSettings[]
}

/** Where the volumes of a container come from. */
export type DockerVolumeSources = {
  readonly sandbox: string
  /** Where the container sees it. */
  readonly sandboxDirectory: string
  /** What the task asks for; of this Docker makes what the agent does not. */
  readonly volumes: readonly Volume[]
  /** What the agent has made ready. */
  readonly mounts: readonly ContainerMount[]
}

/**
 * The volumes of a task for Docker, the sandbox first. Relative container paths lie in the sandbox,
 * relative host paths below the sandbox on the host. Docker makes host paths that are missing and
 * volumes of its plugins, of which each may have its own; all else is ready. Refused: a path with a colon.
 */
export function dockerVolumes(sources: DockerVolumeSources): Result<DockerVolumes, string> {
  const { sandbox, sandboxDirectory, volumes, mounts } = sources
  const binds = [`${sandbox}:${sandboxDirectory}`]
  const driven: MountSettings[] = []
  const at = (path: string): string => inContainer(path, sandboxDirectory)
  for (const volume of volumes) {
    const { containerPath, mode } = volume
    if (isMadeReady(volume)) continue
    const from = volumeSource(volume, sandbox)
    if (!from.ok) return from
    const driver = volume.source?.dockerVolume?.driver
    if (driver !== undefined) {
      driven.push(drivenVolume(volume, driver, at(containerPath)))
      continue
    }
    const bound = bind(from.value, at(containerPath), mode === "RO" ? "ro" : "rw")
    if (!bound.ok) return bound
    binds.push(bound.value)
  }
  for (const { source, target, readOnly, propagation } of mounts) {
    const options = [readOnly ? "ro" : "rw", ...(propagation ? [PROPAGATION[propagation]] : [])]
    const bound = bind(source, at(target), options.join(","))
    if (!bound.ok) return bound
    binds.push(bound.value)
  }
  return ok({ binds, mounts: driven })
}

const PROPAGATION = { hostToContainer: "rslave", bidirectional: "rshared" } as const

/** Whether the agent makes the volume ready, so that it is among the mounts. */
const isMadeReady = ({ source }: Volume): boolean =>
  source !== undefined && source.dockerVolume === undefined

/** A volume that a driver makes, with what the driver is to know. */
function drivenVolume({ source, mode }: Volume, driver: string, target: string): MountSettings {
  const { name = "", driverOptions } = source?.dockerVolume ?? {}
  const options = (driverOptions?.parameter ?? []).map(({ key, value }) => [key, value] as const)
  return {
    Type: "volume",
    Source: name,
    Target: target,
    ReadOnly: mode === "RO",
    VolumeOptions: {
      NoCopy: false,
      Labels: {},
      DriverConfig: { Name: driver, Options: Object.fromEntries(options) },
    },
  }
}

const inContainer = (path: string, sandbox: string): string =>
  path.startsWith("/") ? path : `${sandbox}/${path}`

function bind(from: string | undefined, to: string, options: string): Result<string, string> {
  for (const path of [from ?? "", to])
    if (path.includes(":")) return err(`the volume path '${path}' must not contain a colon`)
  return ok([from, to, options].filter(Boolean).join(":"))
}

/** The host path or volume name; undefined for a volume that Docker makes for this container. */
function volumeSource(volume: Volume, sandbox: string): Result<string | undefined, string> {
  const { source, hostPath: path, containerPath } = volume
  if (volume.image !== undefined) return err(`the volume ${containerPath} cannot be an image`)
  if (source?.dockerVolume !== undefined) return ok(source.dockerVolume.name)
  if (path === undefined || path.startsWith("/")) return ok(path)
  if (path.split("/").includes(".."))
    return err(`the volume path '${path}' must not lead out of the sandbox`)
  if (!containerPath.startsWith("/"))
    return err(
      `the volume path '${containerPath}' must be absolute where the host path is relative`,
    )
  return ok(`${sandbox}/${path}`)
}
