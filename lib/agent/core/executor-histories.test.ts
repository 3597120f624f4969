/**
 * Random histories of custom executors: launches, kills, updates that arrive, are lost or come twice,
 * streams that break, programs that end, containers that cannot grow, and crashes of the agent, in any
 * order. Whatever happens, each task has one end, the executor's own where the agent acknowledged that.
 */
import { expect, test } from "bun:test"
import {
  brandId,
  parseResources,
  type executor as v1,
  type ExecutorId,
  type TaskId,
  type TaskState,
  type TaskStatus,
  type UpdateMessage,
} from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import { Random } from "#lib/std/random.ts"
import { isTerminal } from "./records.ts"
import { TestWorld, testFramework, testOptions, testTask } from "./test-world.ts"
import type { AgentEffect, ExecutorConnection } from "./types.ts"

const SEEDS = 400
const STEPS = 120
const EXECUTORS = 2

const frameworkId = testFramework().id!
const parsed = parseResources("cpus:0.1;mem:32")
const resources = parsed.ok ? parsed.value : []

/** An executor's container and the program in it. */
type Process = {
  readonly spec: ContainerSpec
  phase: "launching" | "running" | "ended"
  killed: boolean
  status: number | undefined
  /** The stream of events that the program reads. */
  connection: ExecutorConnection | undefined
  /** Tasks that it was sent, and what it last said of them. */
  readonly tasks: Map<TaskId, TaskState | undefined>
  /** Tasks of which no update is acknowledged. */
  readonly fresh: Set<TaskId>
  /** Updates that are not acknowledged. */
  readonly open: TaskStatus[]
}

/** A node that really runs programs, a master that loses messages, and a framework that listens. */
class History {
  readonly random: Random
  readonly world: TestWorld
  readonly processes = new Map<ContainerId, Process>()
  readonly heard = new Map<TaskId, TaskStatus[]>()
  readonly launched: TaskId[] = []
  /** Ends that executors told and that were acknowledged to them. */
  readonly promised = new Map<TaskId, TaskState>()
  readonly inFlight: UpdateMessage[] = []
  linked = false
  readonly #settled = new Set<string>()
  #resizes: ContainerId[] = []
  #done = 0
  #serial = 0

  constructor(seed: number) {
    this.random = new Random(seed)
    this.world = new TestWorld(testOptions({ seed: [seed, 3, 3, 3] }))
    this.world.resizes = false
    this.give(() => this.world.give({ kind: "start" }))
    this.link()
  }

  give(act: () => void): void {
    act()
    for (; this.#done < this.world.effects.length; this.#done++)
      this.#perform(this.world.effects[this.#done]!)
  }

  link(): void {
    this.linked = true
    const known = (taskId: TaskId): boolean => {
      const task = this.world.agent.workload.task(frameworkId, taskId)
      return task !== undefined && task.progress.completedAt === undefined
    }
    const reconcile = this.launched
      .filter((taskId) => !this.ends(taskId).length && !known(taskId))
      .map((taskId) => ({ frameworkId, taskId, partitionAware: true }))
    this.give(() => this.world.link(reconcile))
  }

  unlink(): void {
    this.linked = false
    this.give(() => this.world.give({ kind: "linkClosed" }))
  }

  launch(): void {
    if (!this.linked) return
    const ids = Array.from({ length: this.random.chance(0.3) ? 2 : 1 }, () =>
      brandId<TaskId>(`t${this.#serial++}`),
    )
    this.launched.push(...ids)
    this.world.now++
    if (this.random.chance(0.1)) return this.unlink()
    const executorId = brandId<ExecutorId>(`e${this.random.below(EXECUTORS)}`)
    const executor = { type: "CUSTOM", executorId, command: { value: "./e" }, resources } as const
    const tasks = ids.map((id) => {
      const { command: _, ...task } = testTask(id, { resources })
      return task
    })
    const common = { framework: testFramework(), acceptedAt: this.world.now }
    this.give(() =>
      tasks.length > 1
        ? this.world.receive({ kind: "runTaskGroup", executor, taskGroup: { tasks }, ...common })
        : this.world.receive({ kind: "runTask", task: { ...tasks[0]!, executor }, ...common }),
    )
  }

  killTask(): void {
    if (!this.linked || this.launched.length === 0) return
    const taskId = this.random.pick(this.launched)
    this.give(() => this.world.receive({ kind: "killTask", frameworkId, taskId }))
  }

  shutdown(executorId = brandId<ExecutorId>(`e${this.random.below(EXECUTORS)}`)): void {
    if (this.linked)
      this.give(() => this.world.receive({ kind: "shutdownExecutor", frameworkId, executorId }))
  }

  /** A container starts, fails to, or its program ends. */
  move(luck = this.random.float()): void {
    for (const process of this.#alive()) {
      const { containerId } = process.spec
      if (process.phase === "launching" && (luck < 0.1 || process.killed)) {
        process.phase = "ended"
        const reason = "REASON_CONTAINER_LAUNCH_FAILED"
        this.give(() =>
          this.world.give({ kind: "containerFailed", containerId, reason, message: "" }),
        )
      } else if (process.phase === "launching") {
        process.phase = "running"
        this.give(() => this.world.started(process.spec))
      } else if (process.killed || luck > 0.97) this.#exit(process, process.killed ? 9 : 256)
    }
  }

  /** A program does something: subscribes, or goes on with a task. */
  work(): void {
    const running = this.#alive().filter(({ phase }) => phase === "running")
    if (running.length === 0) return
    const process = this.random.pick(running)
    if (process.connection === undefined) return this.#subscribe(process)
    const open = [...process.tasks].filter(([, said]) => said === undefined || !isTerminal(said))
    if (open.length === 0) return
    const [taskId, said] = this.random.pick(open)
    const next = said === undefined ? "TASK_RUNNING" : "TASK_FINISHED"
    this.#tell(process, taskId, this.random.chance(0.1) ? "TASK_FAILED" : next)
  }

  /** A stream breaks; the agent may not hear of it. */
  cut(): void {
    const connected = this.#alive().filter(({ connection }) => connection !== undefined)
    if (connected.length === 0) return
    const process = this.random.pick(connected)
    const { connection, spec } = process
    process.connection = undefined
    if (connection === undefined || this.random.chance(0.3)) return
    const { containerId } = spec
    this.give(() => this.world.give({ kind: "executorDisconnected", containerId, connection }))
  }

  resize(error = this.random.chance(0.05) ? "busy" : undefined): void {
    const containerId = this.#resizes.shift()
    if (containerId !== undefined)
      this.give(() => this.world.give({ kind: "containerResized", containerId, error }))
  }

  acknowledge(): void {
    if (!this.linked || this.inFlight.length === 0) return
    this.#acknowledge(this.random.pick(this.inFlight))
  }

  crash(): void {
    this.linked = false
    const before = this.world.picture()
    this.world.crash(this.random.below(5_000))
    expect(this.world.picture()).toEqual(before)
    this.world.effects = []
    this.#done = 0
    this.#resizes = []
    for (const process of this.processes.values()) process.connection = undefined
    this.give(() => this.world.give({ kind: "start" }))
  }

  advance(ms: number): void {
    if (this.linked) this.give(() => this.world.receive({ kind: "ping", sequence: 1 }))
    this.give(() => this.world.advance(ms))
    if (this.linked && !this.world.agent.registered) this.linked = false
  }

  /** Faults are over, and the framework wants nothing more: everything ends. */
  settle(): void {
    for (let round = 0; round < 60; round++) {
      if (!this.linked) this.link()
      this.move(0.5)
      for (let turns = 0; turns < 4; turns++) this.work()
      this.resize(undefined)
      for (const update of this.inFlight) this.#acknowledge(update)
      this.advance(round < 20 ? 1_000 : 60_000)
      if (round < 20) continue
      for (let each = 0; each < EXECUTORS; each++) this.shutdown(brandId<ExecutorId>(`e${each}`))
      const { workload, streams } = this.world.agent
      if (streams.size === 0 && workload.tasks().next().done === true && !this.#alive().length)
        return
    }
    const { workload, streams } = this.world.agent
    console.log(
      "REST",
      streams.size,
      [...workload.tasks()].map((t) => [
        t.launch.info.taskId,
        t.progress.state,
        t.progress.delivered,
        t.progress.kill,
        t.executor.process,
      ]),
      this.#alive().map((p) => ({ ...p, spec: p.spec.containerId, tasks: [...p.tasks] })),
      [...workload.frameworks].flatMap((f) =>
        [...f.executors.values()].map((e) => [e.launch.info.executorId, e.process, e.tasks.size]),
      ),
      this.inFlight.length,
      this.linked,
    )
    throw new Error("the agent does not come to rest")
  }

  ends(taskId: TaskId): readonly TaskStatus[] {
    return (this.heard.get(taskId) ?? []).filter(({ state }) => isTerminal(state))
  }

  #acknowledge(update: UpdateMessage): void {
    this.give(() => this.world.acknowledge(update))
    this.#settled.add(update.status.uuid!)
  }

  #alive(): readonly Process[] {
    return [...this.processes.values()].filter(({ phase }) => phase !== "ended")
  }

  #exit(process: Process, status: number): void {
    process.phase = "ended"
    process.status = status
    process.connection = undefined
    this.give(() => this.world.exited(process.spec, status))
  }

  #subscribe(process: Process): void {
    const connection = ++this.#serial as ExecutorConnection
    process.connection = connection
    const { containerId } = process.spec
    const [tasks, updates] = [[...process.fresh], [...process.open]]
    this.give(() =>
      this.world.give({ kind: "executorSubscribed", containerId, connection, tasks, updates }),
    )
  }

  /** The program makes an update; it may be lost, or come twice. */
  #tell(process: Process, taskId: TaskId, state: TaskState): void {
    const uuid = btoa(`${this.#serial++}`.padStart(16, "0"))
    const status: TaskStatus = { taskId, state, uuid, source: "SOURCE_EXECUTOR" }
    process.tasks.set(taskId, state)
    process.open.push(status)
    const { containerId } = process.spec
    for (let times = this.random.below(3); times > 0; times--)
      this.give(() => this.world.give({ kind: "executorUpdate", containerId, status }))
  }

  /** The program hears an event, unless its stream breaks before. */
  #hear(process: Process, event: v1.Event): void {
    switch (event.kind) {
      case "launch":
      case "launchGroup": {
        const tasks = event.kind === "launch" ? [event.task] : (event.taskGroup.tasks ?? [])
        for (const { taskId } of tasks) {
          expect([taskId, process.tasks.has(taskId)]).toEqual([taskId, false])
          process.tasks.set(taskId, undefined)
          process.fresh.add(taskId)
        }
        return
      }
      case "acknowledged":
        return this.#acknowledged(process, event)
      case "kill": {
        const said = process.tasks.get(event.taskId)
        if (process.tasks.has(event.taskId) && (said === undefined || !isTerminal(said)))
          this.#tell(process, event.taskId, "TASK_KILLED")
        return
      }
      case "shutdown":
        if (this.random.chance(0.7)) this.#exit(process, 0)
        return
      default:
    }
  }

  #acknowledged(process: Process, { taskId, uuid }: v1.EventAcknowledged): void {
    process.fresh.delete(taskId)
    const at = process.open.findIndex((status) => status.uuid === uuid)
    const [status] = at < 0 ? [] : process.open.splice(at, 1)
    if (status === undefined || !process.tasks.has(taskId)) return
    if (isTerminal(status.state)) this.promised.set(taskId, status.state)
  }

  #perform(effect: AgentEffect): void {
    switch (effect.kind) {
      case "launch": {
        const { spec } = effect
        expect(this.processes.has(spec.containerId)).toBe(false)
        this.processes.set(spec.containerId, {
          spec,
          phase: "launching",
          killed: false,
          status: undefined,
          connection: undefined,
          tasks: new Map(),
          fresh: new Set(),
          open: [],
        })
        return
      }
      case "resize":
        this.#resizes.push(effect.spec.containerId)
        return
      case "kill": {
        const process = this.processes.get(effect.containerId)
        if (process !== undefined) process.killed = true
        return
      }
      case "executorEvent": {
        const { connection, event } = effect
        const process = this.#alive().find((each) => each.connection === connection)
        if (process === undefined) return
        if (this.random.chance(0.03)) process.connection = undefined
        else this.#hear(process, event)
        return
      }
      case "closeExecutor":
        for (const process of this.#alive())
          if (process.connection === effect.connection) process.connection = undefined
        return
      case "recover":
        return this.#recover(effect.spec)
      case "forget":
        expect(this.processes.get(effect.spec.containerId)?.phase ?? "ended").toBe("ended")
        return
      case "relink":
        this.linked = false
        return
      case "send":
        if (effect.message.kind === "update") this.#update(effect.message)
        return
      default:
    }
  }

  /** A launch that was under way when the agent died never happened. */
  #recover(spec: ContainerSpec): void {
    const { containerId } = spec
    const process = this.processes.get(containerId)
    if (process === undefined || process.phase === "launching" || process.status === undefined) {
      if (process?.phase === "running") return this.world.started(spec)
      this.processes.delete(containerId)
      return this.world.give({ kind: "containerUnknown", containerId })
    }
    this.world.exited(spec, process.status)
  }

  #update(update: UpdateMessage): void {
    const { status } = update
    const key = `/agent/updates/${frameworkId}/${status.taskId}`
    expect(JSON.stringify(this.world.store.get(key))).toContain(status.uuid!)
    expect(this.#settled.has(status.uuid!)).toBe(false)
    if (!this.linked || this.random.chance(0.2)) return
    this.inFlight.push(update)
    const heard = this.heard.get(status.taskId) ?? []
    this.heard.set(status.taskId, heard)
    if (heard.some(({ uuid }) => uuid === status.uuid)) return
    const last = heard.at(-1)
    if (last !== undefined)
      expect([last.taskId, isTerminal(last.state)]).toEqual([last.taskId, false])
    heard.push(status)
  }
}

test.each(Array.from({ length: 8 }, (_, part) => part))(
  "executors keep their promises in random histories, part %d",
  (part) => {
    for (let seed = part; seed < SEEDS; seed += 8) {
      const history = new History(seed + 1)
      const { random } = history
      const often = [
        () => history.launch(),
        () => history.move(),
        () => history.work(),
        () => history.work(),
        () => history.work(),
        () => history.acknowledge(),
        () => history.acknowledge(),
        () => history.resize(),
        () => history.resize(),
      ]
      const rare = [
        () => history.killTask(),
        () => history.shutdown(),
        () => history.cut(),
        () => history.crash(),
        () => history.unlink(),
        () => history.advance(random.below(random.chance(0.1) ? 60_000 : 1_500)),
        () => (history.linked ? undefined : history.link()),
      ]
      for (let step = 0; step < STEPS; step++) random.pick(random.chance(0.8) ? often : rare)()
      history.settle()
      for (const taskId of history.launched) {
        const states = history.ends(taskId).map(({ state }) => state)
        expect({ seed, taskId, ends: states.length }).toEqual({ seed, taskId, ends: 1 })
        const promised = history.promised.get(taskId)
        if (promised !== undefined)
          expect({ seed, taskId, states }).toEqual({ seed, taskId, states: [promised] })
      }
    }
  },
  30_000,
)
