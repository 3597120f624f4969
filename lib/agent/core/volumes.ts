import {
  persistentVolumes,
  reservationRole,
  type CommandInfo,
  type ContainerInfo,
  type Resource,
  type Resources,
  type Secret,
  type TaskInfo,
  type Volume,
} from "#lib/mesos/index.ts"
import type { ContainerSpec, VolumeOrder, VolumeSourceOrder } from "#lib/ports/index.ts"
import { must } from "#lib/std/assert.ts"
import type { Refusal, RuntimeChoice } from "./task-support.ts"
import type { SandboxLink } from "./types.ts"

/** A persistent volume on disk. */
export type VolumePlace = {
  readonly path: string
  /** Whether the path is a disk of its own: its content goes with the volume, it stays. */
  readonly isMount: boolean
}

/** Where a container is, as far as its volumes are concerned. */
export type VolumeSetting = {
  readonly workDir: string
  readonly runtime: ContainerSpec["runtime"]
  readonly sandbox: string
  /** The executor that a member of a task group lives in. */
  readonly parent?:
    | { readonly directory: string; readonly resources: Resources | undefined }
    | undefined
}

/** What a container brings: a task, or an executor with a process of its own. */
export type VolumeUser = {
  readonly command?: CommandInfo | undefined
  readonly container?: ContainerInfo | undefined
  readonly resources?: Resources | undefined
}

/** What must be made ready before a container is launched. Holds secrets: it is never stored. */
export type VolumeNeeds = {
  readonly volumes: readonly VolumeOrder[]
  /** Environment variables that are secrets, by name. */
  readonly secretEnvironment: Readonly<Record<string, Secret>>
}

/**
 * Where the data of a persistent volume lies: below the work directory, or on the disk it is part of.
 * Source: apache/mesos: src/slave/paths.cpp (getPersistentVolumePath).
 */
export function volumePlace(workDir: string, volume: Resource): VolumePlace {
  const { persistence, source } = must(volume.disk, "a volume has a disk")
  const { id } = must(persistence, "a volume is persistent")
  const mount = source?.type === "MOUNT" ? source.mount?.root : undefined
  if (mount !== undefined) return { path: absolute(workDir, mount), isMount: true }
  const root = source?.path?.root
  const base = root === undefined ? workDir : absolute(workDir, root)
  // Roles have no spaces, so that no two of them share a directory.
  const role = reservationRole(volume).replaceAll("/", " ")
  return { path: `${base}/volumes/roles/${role}/${id}`, isMount: false }
}

const absolute = (workDir: string, root: string): string =>
  root.startsWith("/") ? root : `${workDir}/${root}`

const volumesOf = (resources: Resources | undefined): Resources =>
  persistentVolumes(resources ?? [])

const pathOf = (volume: Resource): string => volume.disk?.volume?.containerPath ?? ""

/** Why a task cannot have its volumes, or undefined. `nested`: it is a member of a task group. */
export function volumeRefusal(
  task: TaskInfo,
  choice: RuntimeChoice,
  nested: boolean,
): Refusal | undefined {
  for (const volume of volumesOf(task.resources)) {
    const refusal = pathRefusal(pathOf(volume), choice)
    if (refusal !== undefined) return refusal
  }
  for (const volume of task.container?.volumes ?? []) {
    const refusal =
      pathRefusal(volume.containerPath, choice) ??
      imageRefusal(volume, choice) ??
      sourceRefusal(volume, nested)
    if (refusal !== undefined) return refusal
  }
  return duplicateRefusal(task.container?.volumes ?? [])
}

/** A plugin publishes a volume at one place: no two volumes of a container can be it. */
function duplicateRefusal(volumes: readonly Volume[]): Refusal | undefined {
  const seen = new Set<string>()
  for (const { source } of volumes) {
    const { pluginName, staticProvisioning } = source?.csiVolume ?? {}
    if (pluginName === undefined || staticProvisioning === undefined) continue
    const { volumeId } = staticProvisioning
    const key = JSON.stringify([pluginName, volumeId])
    if (seen.has(key))
      return unsupported(
        `Found duplicate CSI volume with plugin '${pluginName}' and volume ID '${volumeId}'`,
      )
    seen.add(key)
  }
  return undefined
}

function pathRefusal(path: string, { runtime }: RuntimeChoice): Refusal | undefined {
  if (path === "" || isUpward(path))
    return invalid(`The container path '${path}' of a volume must not lead out of the sandbox`)
  if (path.startsWith("/") && runtime === "process")
    return invalid(
      `The container path '${path}' of a volume is absolute, which needs a container image: make it relative to the sandbox`,
    )
  return undefined
}

/** Images are mounted where a task has one itself: on the machine's own files they would leave traces. */
function imageRefusal(
  { containerPath, image }: Volume,
  choice: RuntimeChoice,
): Refusal | undefined {
  if (image === undefined) return undefined
  if (image.docker === undefined)
    return unsupported(`The volume '${containerPath}' must be an image of type DOCKER`)
  return choice.runtime === "runc" && choice.image
    ? undefined
    : unsupported(
        `The volume '${containerPath}' is an image, which only tasks that runc runs with an image have: copy what it holds into the task's`,
      )
}

function sourceRefusal(volume: Volume, nested: boolean): Refusal | undefined {
  const { containerPath, hostPath, source } = volume
  const inSandbox = source?.sandboxPath?.path ?? (hostPath?.startsWith("/") ? undefined : hostPath)
  if (inSandbox !== undefined && (inSandbox.startsWith("/") || isUpward(inSandbox)))
    return invalid(
      `The path '${inSandbox}' of the volume '${containerPath}' must not lead out of the sandbox`,
    )
  const outside = source?.hostPath?.path
  if (outside !== undefined && !outside.startsWith("/"))
    return invalid(`The host path '${outside}' of the volume '${containerPath}' must be absolute`)
  if (source?.sandboxPath?.type === "PARENT" && !nested)
    return unsupported(
      `The volume '${containerPath}' names the sandbox of a parent, which only members of a task group have: use type SELF`,
    )
  if (source?.csiVolume !== undefined && source.csiVolume.staticProvisioning === undefined)
    return invalid(`The CSI volume '${containerPath}' must say its static_provisioning`)
  return undefined
}

const isUpward = (path: string): boolean => path.split("/").includes("..")

const invalid = (message: string): Refusal => ({
  state: "TASK_ERROR",
  reason: "REASON_TASK_INVALID",
  message,
})

const unsupported = (message: string): Refusal => ({
  state: "TASK_FAILED",
  reason: "REASON_CONTAINER_LAUNCH_FAILED",
  message,
})

/**
 * The volumes of a container: those of its parent, those of its resources, then others. Left out is
 * what Docker makes itself for its containers: volumes of its plugins, and the older host paths, which
 * it makes where they are missing.
 */
export function volumeNeeds(user: VolumeUser, setting: VolumeSetting): VolumeNeeds {
  const persistent = volumesOf(user.resources).map((volume) => persistentOrder(volume, setting))
  const others = (user.container?.volumes ?? []).flatMap((volume): VolumeOrder[] => {
    const source = sourceOf(volume, setting)
    return source === undefined ? [] : [{ ...common(volume), source }]
  })
  const ofParent = inSandbox(setting.parent?.resources).map((volume): VolumeOrder => {
    const place = volumePlace(setting.workDir, volume)
    const source = { kind: "persistent", ...place, shared: true, ofParent: true } as const
    return { containerPath: pathOf(volume), readOnly: false, source }
  })
  const volumes = [...ofParent, ...persistent, ...others]
  return { volumes, secretEnvironment: secretsOf(user.command) }
}

function secretsOf(command: CommandInfo | undefined): Readonly<Record<string, Secret>> {
  const secrets: Record<string, Secret> = {}
  for (const { name, secret } of command?.environment?.variables ?? [])
    if (secret !== undefined) secrets[name] = secret
  return secrets
}

const common = ({ containerPath, mode }: Volume): Omit<VolumeOrder, "source"> => ({
  containerPath,
  readOnly: mode === "RO",
})

function persistentOrder(volume: Resource, { workDir }: VolumeSetting): VolumeOrder {
  return {
    containerPath: pathOf(volume),
    readOnly: volume.disk?.volume?.mode === "RO",
    source: { kind: "persistent", ...volumePlace(workDir, volume), shared: volume.shared === true },
  }
}

function sourceOf(volume: Volume, setting: VolumeSetting): VolumeSourceOrder | undefined {
  const { hostPath, source } = volume
  const docker = setting.runtime === "docker"
  if (source?.hostPath !== undefined) {
    const mode = source.hostPath.mountPropagation?.mode
    return {
      kind: "hostPath",
      path: source.hostPath.path,
      ...(mode === "BIDIRECTIONAL" ? { propagation: "bidirectional" } : {}),
      ...(mode === "HOST_TO_CONTAINER" ? { propagation: "hostToContainer" } : {}),
    }
  }
  if (source?.sandboxPath !== undefined) {
    const { path, type } = source.sandboxPath
    if (type === "PARENT") return parentPath(path, setting)
    return { kind: "sandboxPath", base: setting.sandbox, path }
  }
  if (source?.secret !== undefined) return { kind: "secret", secret: source.secret }
  if (source?.csiVolume !== undefined) return { kind: "csi", volume: source.csiVolume }
  if (source?.dockerVolume !== undefined) {
    if (docker) return undefined
    const { driver, name, driverOptions } = source.dockerVolume
    const options = (driverOptions?.parameter ?? []).map(({ key, value }) => [key, value] as const)
    return { kind: "dockerVolume", driver, name, options: Object.fromEntries(options) }
  }
  if (hostPath === undefined || docker) return undefined
  if (hostPath.startsWith("/")) return { kind: "hostPath", path: hostPath }
  return { kind: "sandboxPath", base: setting.sandbox, path: hostPath }
}

/** A path of the parent's sandbox; where that is a persistent volume of the parent, a path in it. */
function parentPath(path: string, { parent, workDir }: VolumeSetting): VolumeSourceOrder {
  const { directory, resources } = must(parent, "a volume of the parent has one")
  const parts = path.split("/").filter((part) => part !== "" && part !== ".")
  for (const volume of volumesOf(resources)) {
    const at = pathOf(volume).split("/")
    if (!at.every((part, index) => part === parts[index])) continue
    const base = volumePlace(workDir, volume).path
    return { kind: "sandboxPath", base, path: parts.slice(at.length).join("/") }
  }
  return { kind: "sandboxPath", base: directory, path }
}

/** The volumes of an executor that lie in its sandbox, for its tasks to find. */
const inSandbox = (resources: Resources | undefined): Resources =>
  volumesOf(resources).filter((volume) => {
    const path = pathOf(volume)
    return path !== "" && !path.startsWith("/") && !isUpward(path)
  })

/** What leads from an executor's sandbox to its volumes. */
export const executorLinks = (
  resources: Resources | undefined,
  { sandbox, workDir }: Pick<VolumeSetting, "workDir" | "sandbox">,
): readonly SandboxLink[] =>
  inSandbox(resources).map((volume) => ({
    link: `${sandbox}/${pathOf(volume)}`,
    target: volumePlace(workDir, volume).path,
  }))
