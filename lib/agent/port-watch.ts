import {
  countRanges,
  normalizeRanges,
  rangesOf,
  rangesResource,
  subtractRanges,
  type Ranges,
  type Resources,
} from "#lib/mesos/index.ts"
import type {
  Cancel,
  Clock,
  ContainerId,
  ContainerRuntime,
  ContainerSpec,
  Log,
} from "#lib/ports/index.ts"
import type { Agent } from "./core/agent.ts"
import { containerOf, isTerminal } from "./core/records.ts"
import type { AgentInput } from "./core/types.ts"

/** How often ports are looked at, and what follows. */
export type PortWatchOptions = {
  readonly intervalMs: number
  /** Whether containers are ended that listen on ports which they have not got; else they are logged. */
  readonly enforce: boolean
  /** The only ports that are looked at; all where it is absent. */
  readonly range?: Ranges | undefined
}

/** Containers that have their ports together: an executor's. */
export type ListeningContainers = {
  /** Who is named, and has the ports. */
  readonly containerId: ContainerId
  readonly specs: readonly ContainerSpec[]
  readonly resources: Resources
}

/** What watching ports needs. */
export type PortWatchParts = {
  readonly runtimes: readonly ContainerRuntime[]
  /** Absent: ports are nobody's business. */
  readonly portWatch?: PortWatchOptions | undefined
  readonly clock: Clock
  readonly log: Log
  readonly containers: () => Iterable<ListeningContainers>
  readonly post: (input: AgentInput) => void
}

/**
 * Looks at the ports that containers on the machine's network listen on, and reports those that were
 * not allocated to them.
 * Source: apache/mesos: src/slave/containerizer/mesos/isolators/network/ports.cpp.
 */
export class PortWatch {
  readonly #parts: PortWatchParts
  readonly #stop = new AbortController()
  /** What was told of containers that run on. */
  #told = new Map<ContainerId, string>()
  #cancel: Cancel | undefined

  constructor(parts: PortWatchParts) {
    this.#parts = parts
  }

  /** Begins to look, now and again. */
  start(): void {
    const { clock, portWatch } = this.#parts
    if (portWatch === undefined) return
    this.#cancel = clock.wakeAt(clock.now() + portWatch.intervalMs, () => void this.#round())
  }

  stop(): void {
    this.#stop.abort()
    this.#cancel?.()
  }

  async #round(): Promise<void> {
    const told = new Map<ContainerId, string>()
    for (const containers of this.#parts.containers())
      try {
        const extra = await this.#extraPorts(containers)
        if (this.#stop.signal.aborted) return
        if (countRanges(extra) > 0) told.set(containers.containerId, this.#tell(containers, extra))
      } catch (cause) {
        const fields = { container: containers.containerId, cause: String(cause) }
        this.#parts.log.write("warn", "cannot look at the ports of a container", fields)
      }
    this.#told = told
    if (!this.#stop.signal.aborted) this.start()
  }

  /** The ports that containers listen on and have not got. */
  async #extraPorts({ specs, resources }: ListeningContainers): Promise<Ranges> {
    const { runtimes, portWatch } = this.#parts
    const heard: number[] = []
    for (const spec of specs) {
      const runtime = runtimes.find(({ name }) => name === spec.runtime)
      heard.push(...((await runtime?.listeningPorts?.(spec)) ?? []))
    }
    const all = normalizeRanges(heard.map((port) => ({ begin: port, end: port })))
    const extra = subtractRanges(all, normalizeRanges(rangesOf(resources, "ports")))
    const { range } = portWatch ?? {}
    return range === undefined ? extra : subtractRanges(extra, subtractRanges(extra, range))
  }

  #tell({ containerId, specs }: ListeningContainers, extra: Ranges): string {
    const text = extra.map(({ begin, end }) => `${begin}-${end}`).join(", ")
    const message = `Container ${containerId} is listening on unallocated port(s): [${text}]`
    if (this.#told.get(containerId) !== message) this.#parts.log.write("info", message)
    const reason = "REASON_CONTAINER_LIMITATION"
    const limitation = { reason, message, resources: [rangesResource("ports", extra)] } as const
    if (this.#parts.portWatch?.enforce === true)
      for (const spec of specs)
        this.#parts.post({ kind: "limitReached", containerId: spec.containerId, limitation })
    return message
  }
}

/** The containers that run, executor by executor, but for Docker's, with the ports that they have together. */
export function* listeningContainers(agent: Agent): Generator<ListeningContainers> {
  for (const { executors } of agent.workload.frameworks)
    for (const { launch, process, tasks } of executors.values()) {
      const live = [...tasks.values()].filter(({ progress }) => !isTerminal(progress.state))
      const own =
        launch.process === undefined
          ? live.filter(({ progress }) => progress.startedAt !== undefined).map(containerOf)
          : process?.startedAt !== undefined && process.phase !== "ended"
            ? [launch.process.spec]
            : []
      const specs = own.filter(({ runtime }) => runtime !== "docker")
      const resources = [
        ...(launch.info.resources ?? []),
        ...live.flatMap((task) => task.launch.info.resources ?? []),
      ]
      if (specs.length > 0) yield { containerId: launch.containerId, specs, resources }
    }
}
