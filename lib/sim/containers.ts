import type { AgentDriver } from "#lib/agent/index.ts"
import {
  rangesHave,
  rangesOf,
  type CommandInfo,
  type ExecutorId,
  type Resources,
} from "#lib/mesos/index.ts"
import type {
  CommandOutcome,
  ContainerExit,
  ContainerFailure,
  ContainerId,
  ContainerRecovery,
  ContainerRuntime,
  ContainerSpec,
  ContainerStarted,
} from "#lib/ports/index.ts"
import type { Random } from "#lib/std/random.ts"
import { err, ok, type Result } from "#lib/std/result.ts"
import type { Disk } from "./disk.ts"
import { SimExecutor } from "./executor.ts"
import { frameworkOf, isExecutor } from "./executor-info.ts"
import type { Life } from "./life.ts"
import type { Process } from "./process.ts"
import { OUT_OF_MEMORY } from "./task-truth.ts"
import { between, note, randomMs, strikes, type World } from "./world.ts"

const SIGKILL = 9
const SIGTERM = 15
/** Wait status of a process that ended with exit code 1. */
const FAILURE = 256

/** Longest time from a launch to its process, and from there to the report of it. */
const START_MAX_MS = 3_000

/** Longest time to give a container other limits, and, of a runtime that works, to tell of its end. */
const RESIZE_MAX_MS = 500
const EXIT_TOLD_MS = 100

/** Longest time that a process takes to end after SIGTERM. */
const TERM_MAX_MS = 2_000

/** One container of a node. */
export type Container = {
  readonly spec: ContainerSpec
  running: boolean
  /** Wait status once it has ended; undefined when it was lost. */
  status: number | undefined
  /** Set once its memory was used up. */
  limited: boolean
  /** What it may use. */
  size: Resources
  readonly ignoresTerm: boolean
  /** Set where the process is a custom executor. */
  executor?: SimExecutor | undefined
}

/** How a task's process behaves: ends after so long with this wait status, or runs until killed. */
export type Script = { readonly lifeMs?: number | undefined; readonly status: number }

/** The text of a command that behaves so. */
export const scriptCommand = ({ lifeMs, status }: Script): CommandInfo => ({
  value: lifeMs === undefined ? "run" : `run ${lifeMs} ${status}`,
})

function parseScript(spec: ContainerSpec): Script {
  const [, lifeMs, status] = (spec.task.command?.value ?? "").split(" ")
  return lifeMs === undefined
    ? { status: 0 }
    : { lifeMs: Number(lifeMs), status: Number(status ?? 0) }
}

/** The containers of one node: they belong to the machine, and outlive the agent's process. */
export class NodeContainers {
  readonly #world: World
  readonly #node: string
  readonly #disk: Disk
  readonly #random: Random
  readonly #streams: () => AgentDriver["executors"] | undefined
  readonly #containers = new Map<ContainerId, Container>()
  #runtime: SimRuntime | undefined

  constructor(
    world: World,
    parts: {
      readonly node: string
      readonly disk: Disk
      readonly random: Random
      /** Where executors subscribe; gone while the agent's process is. */
      readonly streams: () => AgentDriver["executors"] | undefined
    },
  ) {
    this.#world = world
    this.#node = parts.node
    this.#disk = parts.disk
    this.#random = parts.random
    this.#streams = parts.streams
  }

  /** The agent's process died: what was connected to it is not any more. */
  agentDied(): void {
    for (const { executor } of this.#containers.values()) executor?.agentDied()
  }

  /** The agent asks for a container. */
  asked(spec: ContainerSpec): void {
    this.#world.monitor.launching(this.#node, this.#disk, spec)
  }

  /** Every container that has records, running or not. */
  get all(): Iterable<Container> {
    return this.#containers.values()
  }

  get(id: ContainerId): Container | undefined {
    return this.#containers.get(id)
  }

  /** Whether a process that runs was given this port. */
  answers(port: number): boolean {
    for (const { running, spec } of this.#containers.values())
      if (running && rangesHave(rangesOf(spec.task.resources ?? [], "ports"), port)) return true
    return false
  }

  /** A view of the containers for one life of the agent. */
  runtime(life: Life, process: Process): ContainerRuntime {
    this.#runtime = new SimRuntime(this.#world, {
      containers: this,
      random: this.#random,
      life,
      process,
    })
    return this.#runtime
  }

  /** Starts the process of a container. */
  spawn(spec: ContainerSpec): Container {
    const world = this.#world
    const ignoresTerm = world.faulty && this.#random.chance(world.swarm.ignoreTerm)
    const size = spec.task.resources ?? []
    const fresh = { running: true, status: undefined, limited: false }
    const container: Container = { spec, ...fresh, size, ignoresTerm }
    this.#containers.set(spec.containerId, container)
    note(world, this.#node, `runs ${spec.task.taskId}`)
    world.monitor.spawned(this.#node, spec)
    if (isExecutor(spec)) container.executor = this.#executor(container)
    const { lifeMs, status } = parseScript(spec)
    if (lifeMs !== undefined) world.schedule.after(lifeMs, () => this.end(container, status))
    else this.#failSometime(container)
    this.#useUpSometime(container)
    return container
  }

  #executor(container: Container): SimExecutor {
    const world = this.#world
    const { spec } = container
    world.marks.hit("executor.started")
    return new SimExecutor(world, {
      name: `${this.#node}/${spec.task.taskId}`,
      containerId: spec.containerId,
      executorId: spec.task.taskId as string as ExecutorId,
      frameworkId: frameworkOf(spec),
      random: this.#random,
      streams: this.#streams,
      onStart: (task, needed) => {
        world.monitor.taskStarts(this.#node, spec, task)
        world.monitor.checkRoom(spec, { size: container.size, needed })
      },
      onEnd: (task, status) => world.monitor.taskEnds(spec, task, status),
      onUntold: (taskId) => world.monitor.endUntold(spec, taskId),
      onAcknowledged: (taskId, uuid) =>
        world.monitor.executorHeard(this.#disk, spec, { taskId, uuid }),
      exit: (status) => this.end(container, status),
    })
  }

  #failSometime(container: Container): void {
    this.#sometime(container, this.#world.swarm.appFailureMs, () => {
      this.#world.marks.hit("container.failed")
      this.end(container, FAILURE)
    })
  }

  #useUpSometime(container: Container): void {
    this.#sometime(container, this.#world.swarm.outOfMemoryMs, () => {
      this.#world.marks.hit("container.outOfMemory")
      container.limited = true
      this.end(container, SIGKILL)
    })
  }

  /** Does something to a container that still runs after so long on average; never when that is 0. */
  #sometime(container: Container, meanMs: number, act: () => void): void {
    const { schedule } = this.#world
    if (meanMs === 0) return
    schedule.after(randomMs(this.#random, meanMs), () => {
      if (this.#world.faulty && container.running) act()
    })
  }

  /** Sends a signal; the process ends some time after one that it heeds. */
  signal(container: Container, force: boolean): void {
    if (!container.running) return
    const { schedule, marks } = this.#world
    if (!force && container.ignoresTerm) return marks.hit("container.ignoredTerm")
    const ms = between(this.#random, 0, force ? 50 : TERM_MAX_MS)
    schedule.after(ms, () => this.end(container, force ? SIGKILL : SIGTERM))
  }

  /** The process ends; whoever watches hears of it. */
  end(container: Container, status: number | undefined): void {
    if (!container.running) return
    const world = this.#world
    container.running = false
    // What keeps the exit code may be killed beside it; that its memory was used up the kernel knows.
    const isLost = !container.limited && strikes(world, world.swarm.lostExit, "container.lostExit")
    container.status = isLost ? undefined : status
    note(
      world,
      this.#node,
      `${container.spec.task.taskId} ended with ${container.status ?? "no word"}`,
    )
    container.executor?.died()
    world.monitor.exited(container.spec, container)
    if (this.#runtime?.alive !== true) world.marks.hit("container.exitedWhileAgentDown")
    this.#runtime?.exited(container)
  }

  forget(id: ContainerId): void {
    if (this.#containers.get(id)?.running === false) this.#containers.delete(id)
  }

  /** The node restarts: every process on it ends, and nobody knows how. */
  reboot(): void {
    for (const container of this.#containers.values()) this.end(container, undefined)
  }
}

type RuntimeParts = {
  readonly containers: NodeContainers
  readonly random: Random
  readonly life: Life
  readonly process: Process
}

/** The containers as one life of the agent sees them. */
class SimRuntime implements ContainerRuntime {
  readonly name = "process"
  readonly #world: World
  readonly #parts: RuntimeParts
  /** Containers whose end is to be told. */
  readonly #watched = new Set<ContainerId>()
  #listener: (containerId: ContainerId, exit: ContainerExit) => void = () => {}

  constructor(world: World, parts: RuntimeParts) {
    this.#world = world
    this.#parts = parts
  }

  get alive(): boolean {
    return !this.#parts.life.over
  }

  async available(): Promise<Result<void, string>> {
    return ok(undefined)
  }

  onExit(listener: (containerId: ContainerId, exit: ContainerExit) => void): void {
    this.#listener = listener
  }

  async launch(
    spec: ContainerSpec,
    signal: AbortSignal,
    onPrepared?: () => void,
  ): Promise<Result<ContainerStarted, ContainerFailure>> {
    const { life, process, containers, random } = this.#parts
    if (life.over || process.crashPoint("crash.midLaunch")) return life.never()
    containers.asked(spec)
    await life.later(between(random, 0, START_MAX_MS), () => undefined)
    const refusal = (message: string): Result<ContainerStarted, ContainerFailure> =>
      err({ reason: "REASON_CONTAINER_LAUNCH_FAILED", message })
    if (signal.aborted) return refusal("The launch was given up")
    if (this.#isAway()) return refusal("The daemon cannot be reached")
    onPrepared?.()
    if (process.crashPoint("crash.midLaunch")) return life.never()
    if (strikes(this.#world, this.#world.swarm.launchFailure, "container.failedLaunch"))
      return refusal("The container would not start")
    const container = containers.spawn(spec)
    if (process.crashPoint("crash.midLaunch")) return life.never()
    await life.later(between(random, 0, START_MAX_MS), () => undefined)
    this.#watch(container)
    return ok({ status: {} })
  }

  resize({ containerId, task }: ContainerSpec): Promise<Result<void, string>> {
    const { life, process, containers, random } = this.#parts
    if (life.over || process.crashPoint("crash.midEffects")) return life.never()
    const { marks, swarm } = this.#world
    return life.later(between(random, 0, RESIZE_MAX_MS), () => {
      if (strikes(this.#world, swarm.resizeFailure, "container.failedResize"))
        return err("The limits cannot be changed")
      const container = containers.get(containerId)
      if (container?.running !== true) return ok(undefined)
      marks.hit("container.resized")
      container.size = task.resources ?? []
      return ok(undefined)
    })
  }

  async recover({ containerId }: ContainerSpec): Promise<ContainerRecovery> {
    const { life, containers, random } = this.#parts
    if (this.#isAway()) throw new Error("the daemon cannot be reached")
    return life.later(between(random, 0, START_MAX_MS), (): ContainerRecovery => {
      const container = containers.get(containerId)
      if (container === undefined) return { kind: "unknown" }
      this.#world.marks.hit("container.recovered")
      if (!container.running) return { kind: "exited", exit: exitOf(container) }
      this.#watch(container)
      return { kind: "running", started: { status: {} } }
    })
  }

  async kill(containerId: ContainerId, { force }: { readonly force: boolean }): Promise<void> {
    const { life, process, containers } = this.#parts
    if (life.over || process.crashPoint("crash.midEffects")) return life.never()
    if (this.#isAway()) throw new Error("the daemon cannot be reached")
    const container = containers.get(containerId)
    if (container !== undefined) containers.signal(container, force)
    return undefined
  }

  async forget({ containerId }: ContainerSpec): Promise<void> {
    const { life, process, containers } = this.#parts
    if (life.over || process.crashPoint("crash.midEffects")) return life.never()
    containers.forget(containerId)
    return undefined
  }

  async removeOrphans(known: ReadonlySet<ContainerId>): Promise<readonly ContainerId[]> {
    const { life, containers } = this.#parts
    if (life.over) return life.never()
    if (this.#isAway()) throw new Error("the daemon cannot be reached")
    const removed: ContainerId[] = []
    for (const container of containers.all) {
      const { containerId } = container.spec
      if (known.has(containerId)) continue
      removed.push(containerId)
      containers.end(container, SIGKILL)
      containers.forget(containerId)
    }
    return removed
  }

  async attach(): Promise<Result<never, string>> {
    return err("simulated containers have no streams")
  }

  async runIn(): Promise<CommandOutcome> {
    return { kind: "exited", status: 0, output: "" }
  }

  async address(): Promise<string> {
    return "127.0.0.1"
  }

  async statistics(): Promise<undefined> {
    return undefined
  }

  async close(): Promise<void> {}

  /** A container has ended; told if it is watched. */
  exited(container: Container): void {
    const { life, random } = this.#parts
    const { containerId } = container.spec
    if (life.over || !this.#watched.delete(containerId)) return
    const { faulty, swarm } = this.#world
    const lateMs = faulty ? swarm.lateExitMs : EXIT_TOLD_MS
    life.after(between(random, 0, lateMs), () => this.#listener(containerId, exitOf(container)))
  }

  /** Whether nobody answers right now. */
  #isAway(): boolean {
    return strikes(this.#world, this.#world.swarm.runtimeAway, "runtime.away")
  }

  #watch(container: Container): void {
    this.#watched.add(container.spec.containerId)
    if (!container.running) this.exited(container)
  }
}

function exitOf({ status, limited }: Container): ContainerExit {
  if (limited) return { status, limitation: OUT_OF_MEMORY }
  return status === undefined ? { message: "nobody knows how it ended" } : { status }
}
