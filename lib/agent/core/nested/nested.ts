import { taskWithoutSecrets, type AgentId } from "#lib/mesos/index.ts"
import type {
  ContainerExit,
  ContainerFailure,
  ContainerId,
  ContainerStarted,
} from "#lib/ports/index.ts"
import { must } from "#lib/std/assert.ts"
import { keys, put, remove } from "#lib/agent/core/checkpoint.ts"
import { containerStatus } from "#lib/agent/core/statuses.ts"
import { containerOf, lives, type Limitation } from "#lib/agent/core/records.ts"
import type { SandboxGc } from "#lib/agent/core/sandbox-gc.ts"
import { say, type TimerKey, type Timers, type Turn } from "#lib/agent/core/turn.ts"
import type { AgentLimits, AgentOptions } from "#lib/agent/core/types.ts"
import { volumeNeeds } from "#lib/agent/core/volumes.ts"
import type { Workload } from "#lib/agent/core/workload.ts"
import { refused, type ContainerAnswer, type ContainerCall, type LaunchRequest } from "./calls.ts"
import type { CallNumber, Termination } from "./calls.ts"
import { livesIn, parentOf } from "./container-id.ts"
import { executorOf, formerTaskOf, houseOf, taskOf } from "./houses.ts"
import { prepare } from "./recipe.ts"
import type { CalledContainer } from "./records.ts"
import { terminationOf, terminationOfFailure } from "./termination.ts"

/** Containers of calls that live at one time; a launch beyond is refused. */
const LIVE_MAX = 1_000

/** Containers of calls that have ended and were not removed; of more the oldest are forgotten. */
const ENDED_MAX = 1_000

/** Between two SIGKILLs while a container does not end. */
const KILL_RETRY_MS = 5_000

const SIGKILL = 9

/** The highest number of a signal that Linux has. */
const SIGNAL_MAX = 64

/** What the containers of calls need of the rest of the agent. */
export type NestedParts = {
  readonly options: AgentOptions
  readonly limits: AgentLimits
  readonly timers: Timers
  readonly workload: Workload
  readonly agentId: () => AgentId | undefined
  readonly gc: Pick<SandboxGc, "schedule" | "cancel">
}

/**
 * The containers that API clients make: nested in others, wholly inside them for one client's
 * session, or standing alone; and what clients ask of any container. Source: apache/mesos:
 * src/slave/http.cpp, src/slave/containerizer/mesos/containerizer.cpp.
 */
export class NestedContainers {
  readonly #parts: NestedParts
  /** In order of launch; those that have ended stay until they are removed. */
  readonly #containers = new Map<ContainerId, CalledContainer>()
  /** Calls that wait for their answer, by their number. */
  readonly #calls = new Map<CallNumber, ContainerCall>()
  /** The launching call of each session whose client is there; its streams are kept until it goes. */
  readonly #clients = new Map<ContainerId, CallNumber>()
  /** Sandboxes that are being removed, and the call that waits for it. */
  readonly #removing = new Map<string, CallNumber>()

  constructor(parts: NestedParts, stored: readonly CalledContainer[]) {
    this.#parts = parts
    for (const container of stored.toSorted((a, b) => a.order - b.order))
      this.#containers.set(container.containerId, container)
  }

  /** Every container that a call made and none removed, in order of launch. */
  get all(): Iterable<CalledContainer> {
    return this.#containers.values()
  }

  /** How many calls wait for an answer. */
  get waiting(): number {
    return this.#calls.size
  }

  /**
   * A new life begins: looks for the containers of the last one and returns their ids. Sessions do not
   * outlive the agent, as their clients were connected to it.
   */
  start(turn: Turn): readonly ContainerId[] {
    const known: ContainerId[] = []
    for (const container of this.#containers.values()) {
      if (container.state === "ended") continue
      if (container.purpose === "session") {
        this.#end(turn, container, { message: "The agent was restarted" })
        continue
      }
      known.push(container.containerId)
      turn.out.push({ kind: "recover", spec: container.spec })
    }
    return known
  }

  /** Takes a call; its answer comes now or later. */
  call(turn: Turn, number: CallNumber, call: ContainerCall): void {
    const answer = this.#take(turn, number, call)
    if (answer === undefined) this.#calls.set(number, call)
    else turn.out.push({ kind: "answer", call: number, answer })
  }

  /** The client of a call is gone and needs no answer. A session that it launched ends. */
  callGone(turn: Turn, number: CallNumber): void {
    this.#calls.delete(number)
    for (const [containerId, launch] of this.#clients) {
      if (launch !== number) continue
      this.#clients.delete(containerId)
      const container = this.#containers.get(containerId)
      if (container === undefined) return
      if (container.state === "ended") turn.out.push({ kind: "forget", spec: container.spec })
      else this.#destroy(turn, container)
      return
    }
  }

  /** Whether the container is one of these. */
  has(containerId: ContainerId): boolean {
    return this.#containers.has(containerId)
  }

  started(turn: Turn, containerId: ContainerId, found: ContainerStarted): void {
    const container = must(this.#containers.get(containerId), "asked for by `has`")
    if (container.state === "ended" || container.doomed) {
      turn.out.push({ kind: "kill", containerId, force: true })
      this.#parts.timers.set(timer(containerId), turn.now + KILL_RETRY_MS)
      return
    }
    this.#parts.timers.clear(timer(containerId))
    const status = containerStatus(containerId, this.#parts.options.ip, found.status)
    const running = this.#set(turn, { ...container, state: "running", status })
    const session = this.#clients.get(containerId)
    const { spec } = running
    this.#answer(
      turn,
      containerId,
      "launch",
      session === undefined ? { kind: "done" } : { kind: "streams", spec, session },
    )
    // Where it lives may have ended while it was being made.
    const parent = parentOf(containerId)
    if (parent !== undefined && this.#house(parent) === undefined) this.#destroy(turn, running)
  }

  failed(turn: Turn, containerId: ContainerId, failure: ContainerFailure): void {
    const container = must(this.#containers.get(containerId), "asked for by `has`")
    if (container.state !== "ended") this.#end(turn, container, terminationOfFailure(failure))
  }

  exited(turn: Turn, containerId: ContainerId, exit: ContainerExit): void {
    const container = must(this.#containers.get(containerId), "asked for by `has`")
    const { limitation = container.limitation } = exit
    if (container.state !== "ended")
      this.#end(turn, container, terminationOf({ ...exit, limitation }))
  }

  /** The container takes more than it may, and is ended for that. */
  limitReached(turn: Turn, containerId: ContainerId, limitation: Limitation): void {
    const container = must(this.#containers.get(containerId), "asked for by `has`")
    if (container.state !== "running" || container.doomed) return
    this.#destroy(turn, this.#set(turn, { ...container, limitation }))
  }

  /** No trace was found of a container of an earlier life. */
  unknown(turn: Turn, containerId: ContainerId): void {
    const container = must(this.#containers.get(containerId), "asked for by `has`")
    if (container.state === "ended") return
    if (container.state === "running")
      return this.#end(turn, container, { message: "The container is gone, and its exit status" })
    const message = "The agent was restarted before the container ran"
    this.#end(turn, container, { state: "TASK_FAILED", reason: LAUNCH_FAILED, message })
  }

  /** A container that no call made has ended: whoever waits hears of it, and what lives in it ends. */
  houseEnded(turn: Turn, containerId: ContainerId, termination: Termination): void {
    this.#answer(turn, containerId, "wait", { kind: "ended", termination })
    this.#evict(turn, containerId)
  }

  /** The time limit of a container has come: its launch took too long, or it does not die. */
  expired(turn: Turn, containerId: ContainerId): void {
    const container = this.#containers.get(containerId)
    if (container === undefined || container.state === "ended") return
    this.#destroy(turn, container)
  }

  /** A sandbox is gone, or not. */
  sandboxRemoved(turn: Turn, path: string, error: string | undefined): void {
    const number = this.#removing.get(path)
    if (number === undefined) return
    this.#removing.delete(path)
    if (!this.#calls.delete(number)) return
    const answer: ContainerAnswer =
      error === undefined
        ? { kind: "done" }
        : refused(500, `Failed to remove the sandbox directory: ${error}`)
    turn.out.push({ kind: "answer", call: number, answer })
  }

  /** The answer that can be given at once; undefined when it comes later. */
  #take(turn: Turn, number: CallNumber, call: ContainerCall): ContainerAnswer | undefined {
    switch (call.kind) {
      case "launch":
        return this.#launch(turn, number, call)
      case "wait":
        return this.#wait(call.containerId)
      case "kill":
        return this.#kill(turn, call.containerId, call.signal)
      case "remove":
        return this.#remove(turn, number, call.containerId)
      case "attach":
        return this.#attach(call.containerId)
      case "leave":
        return this.#leave(turn, call.containerId)
      default:
        return call satisfies never
    }
  }

  #launch(turn: Turn, number: CallNumber, request: LaunchRequest): ContainerAnswer | undefined {
    const { options, limits, timers, workload, agentId } = this.#parts
    const { containerId } = request
    if (this.has(containerId) || taskOf(workload, containerId) || executorOf(workload, containerId))
      return { kind: "exists" }
    const live = [...this.all].filter(({ state }) => state !== "ended").length
    if (live >= LIVE_MAX)
      return refused(400, `The agent runs ${LIVE_MAX} containers of calls, which is its limit`)
    const parent = parentOf(containerId)
    const house = parent === undefined ? undefined : this.#house(parent)
    if (parent !== undefined && house === undefined)
      return refused(400, `Parent container ${parent} does not exist`)
    const framework = house?.owner && workload.framework(house.owner.frameworkId)?.info
    const order = workload.nextOrder()
    const known = { options, agentId: agentId(), request, house, framework, order }
    const prepared = prepare(known)
    if (!prepared.ok) return refused(400, prepared.error)
    const { spec, directories, links } = prepared.value
    const task = taskWithoutSecrets(spec.task)
    this.#set(turn, { ...prepared.value, spec: { ...spec, task } })
    if (request.purpose === "session") this.#clients.set(containerId, number)
    say(turn, "info", `launches a ${request.purpose} container`, { container: containerId })
    const parentPlace = house && { directory: house.sandbox, resources: house.resources }
    const setting = { workDir: options.workDir, ...spec, parent: parentPlace }
    turn.out.push({ kind: "launch", spec, directories, links, ...volumeNeeds(spec.task, setting) })
    timers.set(timer(containerId), turn.now + limits.launchTimeoutMs)
    return undefined
  }

  #wait(containerId: ContainerId): ContainerAnswer | undefined {
    const { workload } = this.#parts
    const container = this.#containers.get(containerId)
    const task = taskOf(workload, containerId)
    const termination = container?.termination ?? task?.progress.end
    if (termination !== undefined) return { kind: "ended", termination }
    if (container ?? task ?? executorOf(workload, containerId)) return undefined
    // Whoever was attached to a task asks how it ended a moment after it has.
    const former = formerTaskOf(workload, containerId)?.progress.end
    if (former !== undefined) return { kind: "ended", termination: former }
    return refused(404, `Container ${containerId} cannot be found`)
  }

  #kill(turn: Turn, containerId: ContainerId, signal: number): ContainerAnswer {
    const container = this.#containers.get(containerId)
    const missing = refused(
      404,
      `Container '${containerId}' cannot be found (or is already killed)`,
    )
    if (container?.state === "ended") return missing
    const targets = container === undefined ? this.#signalled(containerId) : []
    if (container === undefined && targets.length === 0) return missing
    if (signal < 0 || signal > SIGNAL_MAX)
      return refused(500, "Unable to send signal to container: Invalid argument")
    if (container !== undefined) {
      if (signal === SIGKILL) this.#destroy(turn, container)
      else if (container.state === "running")
        turn.out.push({ kind: "kill", containerId, force: false, signal })
      return { kind: "done" }
    }
    for (const target of targets)
      turn.out.push({ kind: "kill", containerId: target, force: signal === SIGKILL, signal })
    return { kind: "done" }
  }

  /** What a signal to the container reaches: itself, or the tasks of an executor that is books only. */
  #signalled(containerId: ContainerId): readonly ContainerId[] {
    const { workload } = this.#parts
    const own = workload.taskOf(containerId)
    const executor = executorOf(workload, containerId)
    if (own === undefined && executor?.launch.process !== undefined)
      return lives(executor) ? [containerId] : []
    const tasks = own === undefined ? [...(executor?.tasks.values() ?? [])] : [own]
    return tasks.flatMap(({ launch, progress }) =>
      launch.spec === undefined || progress.end !== undefined ? [] : [launch.spec.containerId],
    )
  }

  #remove(turn: Turn, number: CallNumber, containerId: ContainerId): ContainerAnswer | undefined {
    const { workload } = this.#parts
    const container = this.#containers.get(containerId)
    const task = container === undefined ? taskOf(workload, containerId) : undefined
    if (container === undefined && task === undefined)
      return executorOf(workload, containerId) ? refused(500, RUNNING) : { kind: "done" }
    if ((container?.termination ?? task?.progress.end) === undefined) return refused(500, RUNNING)
    const spec = container?.spec ?? containerOf(must(task, "there is a container or a task"))
    if (container !== undefined) {
      const within = [...this.all].filter((inner) => livesIn(inner.containerId, containerId))
      // They are being killed: who forgot one that does not die would leave it running.
      if (within.some(({ state }) => state !== "ended")) return refused(500, RUNNING)
      for (const inner of within) this.#drop(turn, inner)
      this.#drop(turn, container)
    }
    // A session has no sandbox of its own, nor has a task that is its executor.
    if (spec.debug || (task !== undefined && parentOf(containerId) === undefined))
      return { kind: "done" }
    if (this.#removing.has(spec.sandbox)) return refused(500, "The container is being removed")
    this.#removing.set(spec.sandbox, number)
    this.#parts.gc.cancel(turn, spec.sandbox)
    turn.out.push({ kind: "removeSandbox", path: spec.sandbox, only: true })
    return undefined
  }

  #attach(containerId: ContainerId): ContainerAnswer {
    const { workload } = this.#parts
    const container = this.#containers.get(containerId)
    const task = workload.taskOf(containerId)
    const executor = executorOf(workload, containerId)
    const spec = container?.spec ?? task?.launch.spec ?? executor?.launch.process?.spec
    const ended = (container?.termination ?? task?.progress.end) !== undefined
    if (spec === undefined && executor !== undefined) return refused(500, NO_SWITCHBOARD)
    if (spec === undefined || (ended && !this.#clients.has(containerId)))
      return refused(404, `Container ${containerId} cannot be found`)
    const running = container?.status ?? task?.progress.startedAt ?? executor?.process?.startedAt
    if (running === undefined) return refused(500, `Container ${containerId} has not started yet`)
    if (!spec.debug && spec.task.container?.ttyInfo === undefined)
      return refused(500, NO_SWITCHBOARD)
    return { kind: "streams", spec }
  }

  /** A session goes on without its client until its process ends, or where it lives, or the agent. */
  #leave(turn: Turn, containerId: ContainerId): ContainerAnswer {
    const container = this.#containers.get(containerId)
    if (this.#clients.delete(containerId) && container !== undefined) {
      say(turn, "info", "a session goes on without its client", { container: containerId })
      if (container.state === "ended") turn.out.push({ kind: "forget", spec: container.spec })
    }
    return { kind: "done" }
  }

  #house(containerId: ContainerId) {
    return houseOf(this.#parts.workload, this.#containers, containerId)
  }

  /** Ends a container and, with it, what lives in it. */
  #destroy(turn: Turn, container: CalledContainer): void {
    const { containerId } = container
    if (!container.doomed) this.#set(turn, { ...container, doomed: true })
    turn.out.push({ kind: "kill", containerId, force: true })
    this.#parts.timers.set(timer(containerId), turn.now + KILL_RETRY_MS)
    this.#evict(turn, containerId)
  }

  /** Ends every container that lives in this one. */
  #evict(turn: Turn, containerId: ContainerId): void {
    for (const inner of this.all)
      if (parentOf(inner.containerId) === containerId && inner.state !== "ended" && !inner.doomed)
        this.#destroy(turn, inner)
  }

  #end(turn: Turn, container: CalledContainer, termination: Termination): void {
    const { containerId, spec } = container
    this.#parts.timers.clear(timer(containerId))
    this.#set(turn, { ...container, state: "ended", termination })
    say(turn, "info", "a container of a call ended", { container: containerId })
    if (this.#parts.options.gcCalledSandboxes === true && !spec.debug)
      this.#parts.gc.schedule(turn, spec.sandbox)
    const why = termination.message ?? "The container ended before it ran"
    // A client whose session never began has no streams to read.
    if (this.#answer(turn, containerId, "launch", refused(400, why)) > 0)
      this.#clients.delete(containerId)
    this.#answer(turn, containerId, "wait", { kind: "ended", termination })
    if (!this.#clients.has(containerId)) turn.out.push({ kind: "forget", spec })
    this.#evict(turn, containerId)
    this.#forgetOldest(turn)
  }

  #forgetOldest(turn: Turn): void {
    const ended = [...this.all].filter(({ state }) => state === "ended")
    for (const container of ended.slice(0, Math.max(0, ended.length - ENDED_MAX))) {
      this.#drop(turn, container)
      if (container.purpose === "standalone")
        turn.out.push({ kind: "removeSandbox", path: container.spec.sandbox, only: true })
    }
  }

  #drop(turn: Turn, { containerId }: CalledContainer): void {
    this.#containers.delete(containerId)
    remove(turn, keys.container(containerId))
  }

  #set(turn: Turn, container: CalledContainer): CalledContainer {
    this.#containers.set(container.containerId, container)
    put(turn, "container", keys.container(container.containerId), container)
    return container
  }

  /** Answers the calls of that kind that wait for the container; returns how many there were. */
  #answer(
    turn: Turn,
    containerId: ContainerId,
    kind: "launch" | "wait",
    answer: ContainerAnswer,
  ): number {
    let count = 0
    for (const [number, call] of this.#calls) {
      if (call.kind !== kind || call.containerId !== containerId) continue
      this.#calls.delete(number)
      turn.out.push({ kind: "answer", call: number, answer })
      count++
    }
    return count
  }
}

const RUNNING = "Nested container has not terminated yet"

/** Clients know this text. Source: apache/mesos: src/slave/containerizer/mesos/io/switchboard.cpp. */
const NO_SWITCHBOARD = "I/O switchboard server was disabled for this container"

const LAUNCH_FAILED = "REASON_CONTAINER_LAUNCH_FAILED"

const timer = (containerId: ContainerId): TimerKey => `called ${containerId}`
