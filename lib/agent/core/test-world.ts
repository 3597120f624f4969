import {
  brandId,
  type AgentId,
  type ExecutorId,
  type ExecutorInfo,
  type FrameworkId,
  type FrameworkInfo,
  type MasterToAgent,
  type TaskId,
  type TaskInfo,
  type UpdateMessage,
} from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import { assert, must } from "#lib/std/assert.ts"
import { Agent } from "./agent.ts"
import type { CallNumber, ContainerAnswer } from "./nested/calls.ts"
import type { AgentEffect, AgentInput, AgentOptions } from "./types.ts"

/** The id that the test's master gives. */
export const AGENT_ID = brandId<AgentId>("m-S0")

/** Options of an agent in tests. */
export const testOptions = (change: Partial<AgentOptions> = {}): AgentOptions => ({
  info: { hostname: "a1", port: 5051 },
  ip: "10.0.2.1",
  workDir: "/work",
  executable: "/bin/dcos",
  seed: [1, 2, 3, 4],
  runtimes: new Set<ContainerSpec["runtime"]>(["process", "docker"]),
  switchUser: false,
  ...change,
})

/** A framework with both capabilities that change what agents say. */
export const testFramework = (change: Partial<FrameworkInfo> = {}): FrameworkInfo => ({
  id: brandId<FrameworkId>("m-0000"),
  user: "ada",
  name: "marathon",
  checkpoint: true,
  capabilities: [{ type: "PARTITION_AWARE" }, { type: "TASK_KILLING_STATE" }],
  ...change,
})

/** A task that runs a command. */
export const testTask = (id: string, change: Partial<TaskInfo> = {}): TaskInfo => ({
  name: id,
  taskId: brandId<TaskId>(id),
  agentId: AGENT_ID,
  resources: [],
  command: { value: "sleep 1000" },
  ...change,
})

type Effect<K extends AgentEffect["kind"]> = Extract<AgentEffect, { kind: K }>

/** An agent with a store that survives its crashes, a clock, and a record of what it asked for. */
export class TestWorld {
  readonly store: Map<string, unknown>
  now = 1_000_000
  effects: AgentEffect[] = []
  /** Hears of the answers to calls about containers. */
  onAnswer: (call: CallNumber, answer: ContainerAnswer) => void = () => {}
  agent: Agent
  /** Whether containers are resized at once. */
  resizes = true
  /** Hears each effect, beside the record. */
  onEffect: (effect: AgentEffect) => void = () => {}
  #options: AgentOptions
  #alarm: number | undefined
  #life = 0

  constructor(
    options: AgentOptions = testOptions(),
    store: ReadonlyMap<string, unknown> = new Map(),
  ) {
    this.#options = options
    this.store = new Map(store)
    this.agent = this.#boot()
  }

  /** Gives the agent an input: stores what it stores, records the rest. */
  give(input: AgentInput): void {
    const out: AgentEffect[] = []
    this.agent.step(input, this.now, out)
    for (const effect of out) {
      if (effect.kind === "put")
        this.store.set(effect.key, JSON.parse(JSON.stringify(effect.value)))
      else if (effect.kind === "delete") this.store.delete(effect.key)
      else if (effect.kind === "wakeAt") this.#alarm = effect.at
      else {
        this.effects.push(effect)
        if (effect.kind === "answer") this.onAnswer(effect.call, effect.answer)
      }
      this.onEffect(effect)
    }
    for (const effect of out)
      if (effect.kind === "resize" && this.resizes)
        this.give({ kind: "containerResized", containerId: effect.spec.containerId })
  }

  receive(message: MasterToAgent): void {
    this.give({ kind: "message", message })
  }

  /** Starts, opens the link and admits the agent. */
  register(reconcile: Extract<MasterToAgent, { kind: "registered" }>["reconcile"] = []): this {
    this.give({ kind: "start" })
    this.link(reconcile)
    this.effects = []
    return this
  }

  /** Opens the link and admits the agent. */
  link(reconcile: Extract<MasterToAgent, { kind: "registered" }>["reconcile"] = []): void {
    this.give({ kind: "linkOpened" })
    this.receive({ kind: "registered", agentId: AGENT_ID, pingTimeoutMs: 75_000, reconcile })
  }

  /**
   * The agent process dies and starts again from what it stored, with other options perhaps; time goes
   * on meanwhile.
   */
  crash(downMs = 0, change: Partial<AgentOptions> = {}): void {
    this.now += downMs
    this.#options = { ...this.#options, ...change }
    this.agent = this.#boot()
  }

  /** Lets time pass, waking the agent whenever it asked for it. */
  advance(ms: number): void {
    const end = this.now + ms
    while (this.#alarm !== undefined && this.#alarm <= end) {
      this.now = Math.max(this.now, this.#alarm)
      this.#alarm = undefined
      this.give({ kind: "wake" })
    }
    this.now = end
  }

  run(task: TaskInfo, framework: FrameworkInfo = testFramework()): ContainerSpec {
    this.receive({ kind: "runTask", framework, task, acceptedAt: this.now })
    return this.last("launch").spec
  }

  runGroup(
    tasks: readonly TaskInfo[],
    framework: FrameworkInfo = testFramework(),
    executor: Partial<ExecutorInfo> = {},
  ): ContainerSpec[] {
    const before = this.all("launch").length
    this.receive({
      kind: "runTaskGroup",
      framework,
      executor: { type: "DEFAULT", executorId: brandId<ExecutorId>("pod"), ...executor },
      taskGroup: { tasks },
      acceptedAt: this.now,
    })
    return this.all("launch")
      .slice(before)
      .map(({ spec }) => spec)
  }

  /** Gives the agent a task of the custom executor "worker", whose container is returned. */
  runInExecutor(
    id: string,
    info: Partial<ExecutorInfo> = {},
    framework: FrameworkInfo = testFramework(),
    change: Partial<TaskInfo> = {},
  ): ContainerId {
    const executorId = brandId<ExecutorId>("worker")
    const executor = {
      type: "CUSTOM",
      executorId,
      command: { value: "./worker" },
      ...info,
    } as const
    const { command: _, ...task } = testTask(id, change)
    this.receive({
      kind: "runTask",
      framework,
      task: { ...task, executor },
      acceptedAt: this.now,
    })
    const record = [...this.agent.workload.frameworks].at(-1)?.executors.get(executorId)
    return must(record, "the executor is there").launch.containerId
  }

  prepared({ containerId }: { readonly containerId: ContainerId }): void {
    this.give({ kind: "containerPrepared", containerId })
  }

  started({ containerId }: { readonly containerId: ContainerId }): void {
    this.give({ kind: "containerStarted", containerId, status: {} })
  }

  exited({ containerId }: { readonly containerId: ContainerId }, status?: number): void {
    this.give({
      kind: "containerExited",
      containerId,
      exit: status === undefined ? {} : { status },
    })
  }

  /** Runs the task to TASK_RUNNING, everything acknowledged, and clears the record. */
  runToRunning(task: TaskInfo, framework: FrameworkInfo = testFramework()): ContainerSpec {
    const spec = this.run(task, framework)
    this.started(spec)
    this.acknowledgeAll()
    this.effects = []
    return spec
  }

  acknowledge({ frameworkId, status }: UpdateMessage): void {
    const uuid = must(status.uuid, "an update on its way has a uuid")
    this.receive({ kind: "acknowledge", frameworkId, taskId: status.taskId, uuid })
  }

  /** Acknowledges updates until none is in flight. */
  acknowledgeAll(): void {
    for (let seen = 0; ;) {
      const updates = this.updates()
      if (seen === updates.length) return
      this.acknowledge(must(updates[seen++], "an update was sent"))
      assert(seen < 10_000, "updates come to an end")
    }
  }

  all<K extends AgentEffect["kind"]>(kind: K): Effect<K>[] {
    return this.effects.filter((effect): effect is Effect<K> => effect.kind === kind)
  }

  last<K extends AgentEffect["kind"]>(kind: K): Effect<K> {
    return must(this.all(kind).at(-1), `the agent asked for ${kind}`)
  }

  /** Status updates sent so far, repeats included. */
  updates(): UpdateMessage[] {
    return this.all("send").flatMap(({ message }) => (message.kind === "update" ? [message] : []))
  }

  states(): string[] {
    return this.updates().map(({ status }) => status.state)
  }

  /** Everything that a recovered agent must know as the one before it did. */
  picture(): unknown {
    const { agent } = this
    const executorOf = (executor: {
      launch: unknown
      completedAt: unknown
      tasks: Map<unknown, { launch: unknown; progress: unknown }>
      completedTasks: { launch: unknown; progress: unknown }[]
    }) => ({
      launch: executor.launch,
      completedAt: executor.completedAt,
      tasks: [...executor.tasks.values()].map(({ launch, progress }) => ({ launch, progress })),
      completed: executor.completedTasks.map(({ launch, progress }) => ({ launch, progress })),
    })
    const frameworks = [...agent.workload.frameworks].map((framework) => ({
      id: framework.id,
      info: framework.info,
      terminating: framework.terminating,
      idleSince: framework.idleSince,
      executors: [...framework.executors.values()].map(executorOf),
      completed: framework.completedExecutors.map(executorOf),
    }))
    const pending = [...agent.workload.tasks()].map(({ launch }) =>
      agent.streams.pending(launch.frameworkId, launch.info.taskId),
    )
    const picture = {
      agentId: agent.agentId,
      frameworks,
      pending,
      streams: agent.streams.size,
      garbage: [...agent.gc.paths].sort(),
      drain: agent.drain.current,
    }
    return JSON.parse(JSON.stringify(picture))
  }

  #boot(): Agent {
    this.#life++
    this.#alarm = undefined
    const [a, b, c] = this.#options.seed
    const seed = [a, b, c, this.#life] as const
    const entries = [...this.store].sort(([x], [y]) => (x < y ? -1 : 1))
    return new Agent({ ...this.#options, seed }, entries)
  }
}
