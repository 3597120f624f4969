import type { Volume } from "#lib/mesos/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"

/** Where a container sees its sandbox. */
export const CONTAINER_SANDBOX = "/mnt/mesos/sandbox"

/** The volumes of a container as `docker run -v` takes them. */
export type DockerVolumes = {
  readonly binds: readonly string[]
  readonly driver?: string | undefined
}

/**
 * The volumes of a task for Docker, the sandbox first. Relative container paths lie in the sandbox,
 * relative host paths below the sandbox on the host. Refused: secret, CSI and image volumes, more
 * than one volume driver, a path with a colon.
 */
export function dockerVolumes(
  volumes: readonly Volume[],
  sandbox: string,
): Result<DockerVolumes, string> {
  const binds = [`${sandbox}:${CONTAINER_SANDBOX}`]
  let driver: string | undefined
  for (const volume of volumes) {
    const { containerPath, mode } = volume
    const from = volumeSource(volume, sandbox)
    if (!from.ok) return from
    const wanted = volume.source?.dockerVolume?.driver
    if (wanted !== undefined && driver !== undefined && wanted !== driver)
      return err(`volumes of a container must share one driver, not '${driver}' and '${wanted}'`)
    driver ??= wanted
    const to = containerPath.startsWith("/")
      ? containerPath
      : `${CONTAINER_SANDBOX}/${containerPath}`
    for (const path of [from.value ?? "", to])
      if (path.includes(":")) return err(`the volume path '${path}' must not contain a colon`)
    binds.push([from.value, to, mode === "RO" ? "ro" : "rw"].filter(Boolean).join(":"))
  }
  return ok({ binds, driver })
}

/** The host path or volume name; undefined for a volume that Docker makes for this container. */
function volumeSource(volume: Volume, sandbox: string): Result<string | undefined, string> {
  const { source, hostPath, containerPath } = volume
  if (volume.image !== undefined) return err(`the volume ${containerPath} cannot be an image`)
  if (source?.dockerVolume !== undefined) return ok(source.dockerVolume.name)
  if (source?.secret !== undefined || source?.csiVolume !== undefined)
    return err(`the volume ${containerPath} is of a kind that Docker containers do not support`)
  if (source?.sandboxPath !== undefined && source.sandboxPath.type === "PARENT")
    return err(`the volume ${containerPath} names a parent, which Docker containers do not have`)
  const path = source?.hostPath?.path ?? source?.sandboxPath?.path ?? hostPath
  if (path === undefined) return ok(undefined)
  if (path.startsWith("/") && source?.sandboxPath === undefined) return ok(path)
  if (path.split("/").includes(".."))
    return err(`the volume path '${path}' must not lead out of the sandbox`)
  if (!containerPath.startsWith("/"))
    return err(
      `the volume path '${containerPath}' must be absolute where the host path is relative`,
    )
  return ok(`${sandbox}/${path}`)
}
