import type { AgentDriver } from "#lib/agent/index.ts"
import type {
  executor as v1,
  ExecutorId,
  FrameworkId,
  Resources,
  TaskId,
  TaskInfo,
  TaskState,
  TaskStatus,
} from "#lib/mesos/index.ts"
import type { ContainerId } from "#lib/ports/index.ts"
import type { Random } from "#lib/std/random.ts"
import { EXECUTOR_RESOURCES, scriptOf } from "./executor-info.ts"
import { isTerminal } from "./task-truth.ts"
import { between, note, type World } from "./world.ts"

/** How soon an executor subscribes again whose stream ended; agents wait two seconds for it. */
const AGAIN_MAX_MS = 800

/** Longest time that an event or a call is on its way. */
const TRAVEL_MAX_MS = 50

/** Longest time to kill a task. */
const KILL_MAX_MS = 1_000

/** An executor without tasks ends of its own accord after this. */
const IDLE_MS = 4_000

/** What runs an executor's calls: gone while the agent's process is down. */
type Streams = AgentDriver["executors"]
type Sink = Parameters<Streams["open"]>[2]
type Connection = NonNullable<ReturnType<Streams["open"]>>

/** What an executor's process needs of its machine. */
export type ExecutorParts = {
  readonly name: string
  readonly containerId: ContainerId
  readonly executorId: ExecutorId
  readonly frameworkId: FrameworkId
  readonly random: Random
  readonly streams: () => Streams | undefined
  /** A task runs, and all of them need so much; or one has ended with this wait status; undefined when nobody knows. */
  readonly onStart: (task: TaskInfo, needed: Resources) => void
  readonly onEnd: (task: TaskInfo, status: number | undefined) => void
  /** Nobody will repeat how this task ended: its agent knows it by now, or never will. */
  readonly onUntold: (taskId: TaskId) => void
  /** The agent says that it has this update. */
  readonly onAcknowledged: (taskId: TaskId, uuid: string) => void
  /** The process ends by itself. */
  readonly exit: (status: number) => void
}

/** A subscription. */
type Stream = { readonly streams: Streams; connection: Connection | undefined }

/** A task as its executor knows it. */
type Running = { readonly info: TaskInfo; ended: boolean }

/**
 * The process of a custom executor: it outlives the agent's process, subscribes again, runs what it is
 * sent, and repeats what the agent has not acknowledged.
 */
export class SimExecutor {
  readonly #world: World
  readonly #parts: ExecutorParts
  readonly #tasks = new Map<TaskId, Running>()
  /** Tasks and updates that the agent has not acknowledged. */
  readonly #newTasks = new Map<TaskId, TaskInfo>()
  readonly #updates = new Map<string, TaskStatus>()
  #alive = true
  #ending = false
  #stream: Stream | undefined
  #arrivesAt = 0
  #subscriptions = 0
  #told = 0

  constructor(world: World, parts: ExecutorParts) {
    this.#world = world
    this.#parts = parts
    this.#subscribeSoon()
    this.#endWhenIdle()
  }

  /** What keeps it from being at rest; empty when nothing does. */
  get open(): readonly string[] {
    const { name } = this.#parts
    if (this.#stream === undefined) return [`${name} is not subscribed`]
    return this.#updates.size > 0 ? [`${name} has updates that nobody acknowledges`] : []
  }

  /** How many of its tasks run. */
  get running(): number {
    return [...this.#tasks.values()].filter(({ ended }) => !ended).length
  }

  /** The agent's process died, and the connection with it. */
  agentDied(): void {
    this.#stream = undefined
    this.#subscribeSoon()
  }

  /** Its process is dead, and its tasks with it. */
  died(): void {
    this.#alive = false
    for (const task of this.#tasks.values()) this.#end(task, undefined)
    for (const { taskId, state } of this.#updates.values())
      if (isTerminal(state)) this.#parts.onUntold(taskId)
    const stream = this.#stream
    this.#stream = undefined
    if (stream?.connection !== undefined)
      stream.streams.close(this.#parts.containerId, stream.connection)
  }

  #later(ms: number, act: () => void): void {
    this.#world.schedule.after(ms, () => {
      if (this.#alive) act()
    })
  }

  #subscribeSoon(): void {
    this.#later(between(this.#parts.random, 0, AGAIN_MAX_MS), () => this.#subscribe())
  }

  #subscribe(): void {
    if (this.#stream !== undefined) return undefined
    const streams = this.#parts.streams()
    if (streams === undefined) return this.#subscribeSoon()
    if (this.#subscriptions++ > 0) this.#world.marks.hit("executor.subscribedAgain")
    const stream: Stream = { streams, connection: undefined }
    this.#stream = stream
    const here = (): boolean => this.#stream === stream
    const sink: Sink = {
      event: (event) => this.#inOrder(() => here() && this.#event(event)),
      end: () =>
        this.#inOrder(() => {
          if (!here()) return
          this.#stream = undefined
          this.#subscribeSoon()
        }),
    }
    stream.connection = streams.open(
      this.#parts.containerId,
      {
        unacknowledgedTasks: [...this.#newTasks.values()],
        unacknowledgedUpdates: [...this.#updates.values()].map((status) => ({ status })),
      },
      sink,
    )
    if (stream.connection !== undefined) return undefined
    this.#stream = undefined
    return this.#subscribeSoon()
  }

  /** A connection keeps the order of what it carries. */
  #inOrder(act: () => void): void {
    const { schedule } = this.#world
    const at = schedule.now + between(this.#parts.random, 0, TRAVEL_MAX_MS)
    this.#arrivesAt = Math.max(this.#arrivesAt, at)
    schedule.at(this.#arrivesAt, () => {
      if (this.#alive) act()
    })
  }

  #event(event: v1.Event): void {
    const { marks } = this.#world
    switch (event.kind) {
      case "launch":
        return this.#launch([event.task])
      case "launchGroup":
        marks.hit("executor.group")
        return this.#launch(event.taskGroup.tasks ?? [])
      case "kill":
        return this.#kill(event.taskId)
      case "acknowledged":
        this.#updates.delete(event.uuid)
        this.#newTasks.delete(event.taskId)
        return this.#parts.onAcknowledged(event.taskId, event.uuid)
      case "shutdown":
        marks.hit("executor.shutdown")
        return this.#shutDown()
      case "subscribed":
      case "message":
      case "error":
      case "heartbeat":
        return undefined
      default:
        return event satisfies never
    }
  }

  #launch(tasks: readonly TaskInfo[]): void {
    for (const info of tasks) {
      const { taskId } = info
      note(this.#world, this.#parts.name, `runs ${taskId}`)
      const task: Running = { info, ended: false }
      this.#tasks.set(taskId, task)
      this.#newTasks.set(taskId, info)
      this.#parts.onStart(info, this.#needed())
      this.#tell(taskId, "TASK_STARTING")
      this.#tell(taskId, "TASK_RUNNING")
      const [, lifeMs, status = "0"] = scriptOf(info).split(" ")
      if (lifeMs !== undefined)
        this.#later(Number(lifeMs), () => {
          const state = status === "0" ? "TASK_FINISHED" : "TASK_FAILED"
          if (this.#end(task, Number(status))) this.#tell(taskId, state)
        })
    }
  }

  /** What the executor and the tasks that run take together. */
  #needed(): Resources {
    const running = [...this.#tasks.values()].filter(({ ended }) => !ended)
    return [...EXECUTOR_RESOURCES, ...running.flatMap(({ info }) => info.resources ?? [])]
  }

  #kill(taskId: TaskId): void {
    const task = this.#tasks.get(taskId)
    if (task === undefined || task.ended) return
    this.#tell(taskId, "TASK_KILLING")
    this.#later(between(this.#parts.random, 0, KILL_MAX_MS), () => {
      if (!this.#end(task, KILLED)) return
      this.#world.marks.hit("executor.killedTask")
      this.#tell(taskId, "TASK_KILLED")
    })
  }

  /** Ends with all its tasks; of these nobody is told. */
  #shutDown(): void {
    if (this.#ending) return
    this.#ending = true
    this.#later(between(this.#parts.random, 0, KILL_MAX_MS), () => this.#parts.exit(0))
  }

  #end(task: Running, status: number | undefined): boolean {
    if (task.ended) return false
    task.ended = true
    this.#parts.onEnd(task.info, status)
    this.#endWhenIdle()
    return true
  }

  #endWhenIdle(): void {
    const tasks = this.#tasks.size
    this.#later(IDLE_MS, () => {
      const idle = this.running === 0 && this.#updates.size === 0
      if (idle && tasks === this.#tasks.size && !this.#ending) {
        this.#world.marks.hit("executor.idle")
        this.#parts.exit(0)
      } else if (this.running === 0 && tasks === this.#tasks.size) this.#endWhenIdle()
    })
  }

  #tell(taskId: TaskId, state: TaskState): void {
    const uuid = `${this.#parts.containerId}.${++this.#told}`
    const timestamp = this.#world.schedule.now / 1000
    const status: TaskStatus = { taskId, state, uuid, source: "SOURCE_EXECUTOR", timestamp }
    this.#updates.set(uuid, status)
    const stream = this.#stream
    if (stream === undefined) return
    this.#inOrder(() => {
      if (this.#stream !== stream) return
      const { containerId, executorId, frameworkId } = this.#parts
      const call = { kind: "update", executorId, frameworkId, status } as const
      if (stream.streams.call(containerId, call)) return
      // The agent is overloaded, or ends: what it does not acknowledge is repeated.
      this.#stream = undefined
      this.#subscribeSoon()
    })
  }
}

/** Wait status of a process that was killed. */
const KILLED = 9
