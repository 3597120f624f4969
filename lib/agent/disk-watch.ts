import {
  persistentVolumes,
  scalarOf,
  type DiskStatistics,
  type Resources,
  type ResourceStatistics,
} from "#lib/mesos/index.ts"
import type { Cancel, Clock, ContainerId, ContainerSpec, DiskMeter, Log } from "#lib/ports/index.ts"
import { formatByteSize } from "#lib/std/byte-size.ts"
import type { Agent } from "./core/agent.ts"
import { imageRoots } from "./core/paths.ts"
import { isTerminal, type TaskRecord } from "./core/records.ts"
import type { AgentInput } from "./core/types.ts"
import { volumePlace } from "./core/volumes.ts"

/** Source: apache/mesos: docs/isolators/disk-du.md (--container_disk_watch_interval). */
const DEFAULT_INTERVAL_MS = 15_000

/** How often disks are measured, and what follows. */
export type DiskWatchOptions = {
  readonly intervalMs: number
  /** Whether containers that keep too much are ended. */
  readonly enforce: boolean
}

/** A container that runs, and what it may keep on disk. */
export type WatchedContainer = {
  readonly containerId: ContainerId
  readonly sandbox: string
  readonly workDir: string
  readonly resources: Resources
  /** The containers that end when it keeps too much; itself where they are not told. */
  readonly ends?: readonly ContainerId[] | undefined
  /** What it writes into its image, which counts as its sandbox does. */
  readonly layer?: string | undefined
  /** Set on a member of a group, whose sandboxes have one limit together. */
  readonly isMember?: true | undefined
  /** Set on a container that is measured and never ended for it. */
  readonly isFree?: true | undefined
}

/** What watching disks needs. */
export type DiskWatchParts = {
  readonly diskMeter: DiskMeter
  readonly diskWatch?: DiskWatchOptions | undefined
  readonly clock: Clock
  readonly log: Log
  readonly containers: () => Iterable<WatchedContainer>
  readonly post: (input: AgentInput) => void
}

/** Directories that a container fills and that have one limit. */
type Quota = {
  readonly paths: readonly string[]
  readonly limitBytes: number
  /** What the limit comes from. */
  readonly resources: Resources
  readonly isSandbox: boolean
  /** A disk of its own holds no more than it can. */
  readonly isDisk?: boolean
}

/** What was measured of a container last. */
type Measured = Pick<ResourceStatistics, "diskLimitBytes" | "diskUsedBytes" | "diskStatistics">

/**
 * Measures the sandboxes and persistent volumes of containers, one after another, and reports those
 * that take more than their resources say. Docker's containers have no limit, as in Mesos.
 * Source: apache/mesos: src/slave/containerizer/mesos/isolators/posix/disk.cpp.
 */
export class DiskWatch {
  readonly #parts: DiskWatchParts
  readonly #options: DiskWatchOptions
  readonly #stop = new AbortController()
  #measured = new Map<ContainerId, Measured>()
  #cancel: Cancel | undefined

  constructor(parts: DiskWatchParts) {
    this.#parts = parts
    this.#options = parts.diskWatch ?? { intervalMs: DEFAULT_INTERVAL_MS, enforce: false }
  }

  /** Begins to measure, now and again. */
  start(): void {
    const { clock } = this.#parts
    this.#cancel = clock.wakeAt(clock.now() + this.#options.intervalMs, () => void this.#round())
  }

  stop(): void {
    this.#stop.abort()
    this.#cancel?.()
  }

  /** What a container kept on disk when it was measured last. */
  statistics(containerId: ContainerId): Measured | undefined {
    return this.#measured.get(containerId)
  }

  async #round(): Promise<void> {
    const measured = new Map<ContainerId, Measured>()
    for (const container of this.#parts.containers())
      try {
        const found = await this.#measure(container)
        if (found !== undefined) measured.set(container.containerId, found)
      } catch (cause) {
        if (this.#stop.signal.aborted) return
        const fields = { container: container.containerId, cause: String(cause) }
        this.#parts.log.write("warn", "cannot measure the disk of a container", fields)
      }
    this.#measured = measured
    if (!this.#stop.signal.aborted) this.start()
  }

  async #measure(container: WatchedContainer): Promise<Measured | undefined> {
    const quotas = quotasOf(container)
    const { signal } = this.#stop
    let result: Measured = {}
    const list: DiskStatistics[] = []
    for (const quota of quotas) {
      const { paths, limitBytes, resources, isSandbox, isDisk } = quota
      let usedBytes = 0
      for (const path of paths) usedBytes += await this.#parts.diskMeter.usedBytes(path, signal)
      const { isFree, isMember } = container
      const free = !this.#options.enforce || isFree || isDisk || (isMember && isSandbox)
      if (usedBytes > limitBytes && !free) this.#report(container, quota, usedBytes)
      const { source, persistence } = resources[0]?.disk ?? {}
      const about = isSandbox ? {} : { source, persistence }
      list.push({ ...about, limitBytes, usedBytes })
      if (isSandbox) result = { diskLimitBytes: limitBytes, diskUsedBytes: usedBytes }
    }
    return quotas.length === 0 ? undefined : { ...result, diskStatistics: list }
  }

  #report(container: WatchedContainer, quota: Quota, usedBytes: number): void {
    const used = formatByteSize(usedBytes)
    const limitation = {
      reason: "REASON_CONTAINER_LIMITATION_DISK",
      message: `Disk usage (${used}) exceeds quota (${formatByteSize(quota.limitBytes)})`,
      resources: quota.resources,
    } as const
    for (const containerId of container.ends ?? [container.containerId])
      this.#parts.post({ kind: "limitReached", containerId, limitation })
  }
}

/** The directories of a container that have a limit: its sandbox, if it has disk, and its volumes. */
function quotasOf({ sandbox, layer, workDir, resources }: WatchedContainer): readonly Quota[] {
  const inSandbox = resources.filter(
    ({ name, disk }) => name === "disk" && disk?.persistence === undefined && !disk?.source,
  )
  const volumes = persistentVolumes(resources).map((volume) => ({
    paths: [volumePlace(workDir, volume).path],
    limitBytes: diskBytes([volume]),
    resources: [volume],
    isSandbox: false,
    isDisk: volume.disk?.source?.type === "MOUNT",
  }))
  if (inSandbox.length === 0) return volumes
  const limitBytes = diskBytes(inSandbox)
  const paths = layer === undefined ? [sandbox] : [sandbox, layer]
  return [{ paths, limitBytes, resources: inSandbox, isSandbox: true }, ...volumes]
}

const diskBytes = (resources: Resources): number =>
  Math.floor((scalarOf(resources, "disk") * 1024 * 1024) / 1000)

/**
 * The containers that run: of tasks, of custom executors with all their tasks, and
 * groups as a whole, whose sandboxes lie in that of their executor.
 */
export function* runningContainers(agent: Agent): Generator<WatchedContainer> {
  const { workDir } = agent.options
  for (const { executors } of agent.workload.frameworks)
    for (const executor of executors.values()) {
      const { launch, process, tasks } = executor
      const { containerId, directory: sandbox, info, kind } = launch
      const members = [...tasks.values()].flatMap((task) => watchedTask(task, workDir) ?? [])
      const ofTasks = [...tasks.values()]
        .filter(isLive)
        .flatMap((task) => task.launch.info.resources ?? [])
      const whole = { containerId, sandbox, workDir }
      const own = info.resources ?? []
      if (kind === "command") yield* members
      else if (kind === "default" && members.length > 0) {
        const ends = members.map((member) => member.containerId)
        // Volumes of members are measured once, as theirs.
        const common = ofTasks.filter(({ disk }) => disk?.persistence === undefined)
        yield { ...whole, resources: [...own, ...common], ends }
        // What nested containers write into their images is nobody's, as in Mesos.
        for (const member of members) yield { ...member, layer: undefined, isMember: true }
      } else if (process?.startedAt !== undefined && process.phase !== "ended") {
        const resources = [...own, ...ofTasks]
        yield { ...whole, ...kindOf(launch.process?.spec, workDir), resources }
      }
    }
}

const isLive = ({ progress }: TaskRecord): boolean => !isTerminal(progress.state)

function watchedTask(task: TaskRecord, workDir: string): WatchedContainer | undefined {
  const { spec, info } = task.launch
  if (spec === undefined || !isLive(task)) return undefined
  if (task.progress.startedAt === undefined) return undefined
  const { containerId, sandbox } = spec
  const resources = info.resources ?? []
  return { containerId, sandbox, workDir, ...kindOf(spec, workDir), resources }
}

/** What of a container's disk follows from the way it runs. */
function kindOf(
  spec: ContainerSpec | undefined,
  workDir: string,
): Pick<WatchedContainer, "layer" | "isFree"> {
  if (spec?.runtime === "docker") return { isFree: true }
  return spec?.runtime === "runc" && spec.task.container?.mesos?.image !== undefined
    ? { layer: `${imageRoots(workDir)}/${spec.containerId}` }
    : {}
}
