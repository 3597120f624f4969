/**
 * Random histories: launches, kills, exits, health results, lost and repeated messages, late and
 * repeated acknowledgements, broken links and crashes, in any order. Whatever happens, each task's
 * framework hears of exactly one end, and of the true one.
 */
import { expect, test } from "bun:test"
import { brandId, type FrameworkId, type TaskId, type UpdateMessage } from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import { Random } from "#lib/std/random.ts"
import { isTerminal } from "./records.ts"
import type { AgentEffect } from "./types.ts"
import { TestWorld, testFramework, testOptions, testTask } from "./test-world.ts"

const SEEDS = 400
const STEPS = 150

type Container = {
  readonly spec: ContainerSpec
  phase: "launching" | "running" | "ended" | "forgotten"
  /** Wait status once it ended; undefined for a launch that failed. */
  status: number | undefined
  killed: boolean
}

type Launch = { readonly ids: readonly string[]; readonly acceptedAt: number }

const RANK = ["TASK_STARTING", "TASK_RUNNING", "TASK_KILLING"]
const rank = (state: string): number => (isTerminal(state as never) ? 3 : RANK.indexOf(state))

/** A node that really runs containers, a master that loses messages, and a framework that listens. */
class History {
  readonly random: Random
  readonly world: TestWorld
  readonly containers = new Map<ContainerId, Container>()
  /** What the framework heard, by task: first hearings of each uuid, in order. */
  readonly heard = new Map<string, UpdateMessage[]>()
  readonly launches: Launch[] = []
  readonly inFlight: UpdateMessage[] = []
  linked = false
  readonly #arrived: Launch[] = []
  #done = 0
  #tasks = 0

  constructor(seed: number) {
    this.random = new Random(seed)
    this.world = new TestWorld(testOptions({ seed: [seed, 7, 7, 7] }))
    this.give(() => this.world.give({ kind: "start" }))
    this.link()
  }

  /** Does something, then what the agent asks of the node and the master. */
  give(act: () => void): void {
    act()
    for (; this.#done < this.world.effects.length; this.#done++)
      this.#perform(this.world.effects[this.#done]!)
  }

  link(): void {
    this.linked = true
    const frameworkId = testFramework().id!
    const names = this.launches.flatMap(({ ids }) => ids)
    const reconcile = names
      .filter((id) => !this.#ended(id) && !this.#registers(id))
      .map((id) => ({ frameworkId, taskId: brandId<TaskId>(id), partitionAware: true }))
    this.give(() => this.world.link(reconcile))
  }

  unlink(): void {
    this.linked = false
    this.give(() => this.world.give({ kind: "linkClosed" }))
  }

  launch(): void {
    if (!this.linked) return
    const group = this.random.chance(0.3)
    const ids = Array.from({ length: group ? 2 : 1 }, () => `t${this.#tasks++}`)
    const launch = { ids, acceptedAt: this.world.now }
    this.launches.push(launch)
    // A launch may be lost with its link; the master reconciles it at the next registration.
    if (this.random.chance(0.1)) this.unlink()
    else {
      this.#arrived.push(launch)
      this.#deliver(launch)
    }
  }

  /** A launch that arrived comes once more. One that was lost with its link never comes later. */
  relaunch(): void {
    if (!this.linked || this.#arrived.length === 0) return
    this.#deliver(this.random.pick(this.#arrived))
  }

  kill(): void {
    if (!this.linked || this.#tasks === 0) return
    const taskId = brandId<TaskId>(`t${this.random.below(this.#tasks)}`)
    const frameworkId = testFramework().id!
    this.give(() => this.world.receive({ kind: "killTask", frameworkId, taskId }))
  }

  /** A container moves on: it starts, fails to, or ends. */
  progress(): void {
    const live = [...this.containers.values()].filter(
      ({ phase }) => phase === "launching" || phase === "running",
    )
    if (live.length > 0) this.#move(this.random.pick(live), this.random.float())
  }

  acknowledge(): void {
    if (!this.linked || this.inFlight.length === 0) return
    const update = this.random.pick(this.inFlight)
    this.give(() => this.world.acknowledge(update))
  }

  health(): void {
    const probes = this.world.all("probe")
    if (probes.length === 0) return
    const { containerId, sequence } = this.random.pick(probes)
    const healthy = this.random.chance(0.6)
    this.give(() =>
      this.world.give({ kind: "healthResult", containerId, sequence, healthy, message: "" }),
    )
  }

  crash(): void {
    this.linked = false
    const before = this.world.picture()
    this.world.crash(this.random.below(100_000))
    expect(this.world.picture()).toEqual(before)
    // What was asked for but not done dies with the process.
    this.world.effects = []
    this.#done = 0
    this.give(() => this.world.give({ kind: "start" }))
  }

  advance(ms: number): void {
    if (this.linked) this.give(() => this.world.receive({ kind: "ping", sequence: 1 }))
    this.give(() => this.world.advance(ms))
    if (this.linked && !this.world.agent.registered) this.linked = false
  }

  /** Faults are over: everything ends, everything is acknowledged. */
  settle(): void {
    for (let round = 0; round < 100; round++) {
      if (!this.linked) this.link()
      for (const container of this.containers.values()) this.#move(container, 0.5)
      for (const update of this.inFlight) this.give(() => this.world.acknowledge(update))
      this.advance(30_000)
      if (this.world.agent.streams.size === 0 && this.#idle()) return
    }
    throw new Error("the agent does not come to rest")
  }

  #idle(): boolean {
    return this.world.agent.workload.tasks().next().done === true
  }

  #deliver({ ids, acceptedAt }: Launch): void {
    const framework = testFramework()
    const healthCheck = { type: "TCP", delaySeconds: 1, intervalSeconds: 1 } as const
    const tasks = ids.map((id) => testTask(id, { healthCheck }))
    this.give(() =>
      tasks.length === 1
        ? this.world.receive({ kind: "runTask", framework, task: tasks[0]!, acceptedAt })
        : this.world.receive({
            kind: "runTaskGroup",
            framework,
            executor: { type: "DEFAULT", executorId: `pod-${ids[0]}` as never },
            taskGroup: { tasks },
            acceptedAt,
          }),
    )
  }

  #move(container: Container, luck: number): void {
    const { spec } = container
    const { containerId } = spec
    if (container.phase === "launching") {
      if (this.random.chance(0.3)) this.give(() => this.world.prepared(spec))
      else if (luck < 0.2 || container.killed) {
        container.phase = "ended"
        const reason = "REASON_CONTAINER_LAUNCH_FAILED"
        this.give(() =>
          this.world.give({ kind: "containerFailed", containerId, reason, message: "" }),
        )
      } else {
        container.phase = "running"
        this.give(() => this.world.started(spec))
      }
    } else if (container.phase === "running") {
      container.phase = "ended"
      container.status = container.killed ? 9 : luck < 0.5 ? 0 : 1 << 8
      // The same exit may be seen twice.
      for (let times = this.random.below(2); times >= 0; times--)
        this.give(() => this.world.exited(spec, container.status))
    }
  }

  #perform(effect: AgentEffect): void {
    switch (effect.kind) {
      case "launch": {
        const { spec } = effect
        expect(this.containers.get(spec.containerId)?.phase ?? "forgotten").toBe("forgotten")
        this.containers.set(spec.containerId, {
          spec,
          phase: "launching",
          status: undefined,
          killed: false,
        })
        return
      }
      case "kill": {
        const container = this.containers.get(effect.containerId)
        if (container !== undefined) container.killed = true
        return
      }
      case "recover":
        return this.#recover(effect.spec)
      case "forget": {
        const container = this.containers.get(effect.spec.containerId)
        if (container !== undefined) expect(container.phase).toBe("ended")
        return
      }
      case "relink":
        this.linked = false
        return
      case "send":
        if (effect.message.kind === "update") this.#hear(effect.message)
        return
      default:
    }
  }

  /** A launch that was under way when the agent died never happened. */
  #recover(spec: ContainerSpec): void {
    const container = this.containers.get(spec.containerId)
    const { containerId } = spec
    if (
      container === undefined ||
      container.phase === "launching" ||
      (container.status === undefined && container.phase === "ended")
    ) {
      this.containers.delete(containerId)
      return this.world.give({ kind: "containerUnknown", containerId })
    }
    container.killed = false
    if (container.phase === "running") this.world.started(spec)
    else this.world.exited(spec, container.status)
  }

  #hear(update: UpdateMessage): void {
    const { status } = update
    const key = `/agent/updates/${update.frameworkId}/${status.taskId}`
    expect(JSON.stringify(this.world.store.get(key))).toContain(status.uuid!)
    if (!this.linked || this.random.chance(0.2)) return
    this.inFlight.push(update)
    const heard = this.heard.get(status.taskId) ?? []
    this.heard.set(status.taskId, heard)
    if (heard.some(({ status: { uuid } }) => uuid === status.uuid)) return
    const last = heard.at(-1)?.status.state
    if (last !== undefined) {
      expect(isTerminal(last) ? `${last} then ${status.state}` : "").toBe("")
      expect(rank(status.state)).toBeGreaterThanOrEqual(rank(last))
    }
    heard.push(update)
  }

  #ended(id: string): boolean {
    return this.heard.get(id)?.some(({ status }) => isTerminal(status.state)) ?? false
  }

  #registers(id: string): boolean {
    const task = this.world.agent.workload.task(
      testFramework().id as FrameworkId,
      brandId<TaskId>(id),
    )
    return task !== undefined && task.progress.completedAt === undefined
  }
}

test.each(Array.from({ length: 8 }, (_, part) => part))(
  `random histories keep their promises, part %d`,
  (part) => {
    for (let seed = part; seed < SEEDS; seed += 8) {
      const history = new History(seed + 1)
      const { random } = history
      const acts: readonly (() => void)[] = [
        () => history.launch(),
        () => history.relaunch(),
        () => history.progress(),
        () => history.progress(),
        () => history.progress(),
        () => history.acknowledge(),
        () => history.acknowledge(),
        () => history.acknowledge(),
        () => history.health(),
        () => history.kill(),
        () => history.advance(random.below(random.chance(0.1) ? 60_000 : 3_000)),
        () => (random.chance(0.3) ? history.crash() : undefined),
        () => (random.chance(0.3) ? history.unlink() : undefined),
        () => (history.linked ? undefined : history.link()),
      ]
      for (let step = 0; step < STEPS; step++) random.pick(acts)()
      history.settle()
      checkEnds(history, seed)
    }
  },
  30_000,
)

/** Every task that was ever launched has one end, and it is the true one. */
function checkEnds(history: History, seed: number): void {
  for (const { ids } of history.launches)
    for (const id of ids) {
      const ends = (history.heard.get(id) ?? []).filter(({ status }) => isTerminal(status.state))
      expect({ seed, id, ends: ends.length }).toEqual({ seed, id, ends: 1 })
      const { state, message } = ends[0]!.status
      const container = [...history.containers.values()].find(({ spec }) => spec.task.taskId === id)
      if (state === "TASK_FINISHED") expect(container?.status).toBe(0)
      if (message === "Command exited with status 1") expect(container?.status).toBe(1 << 8)
      if (state === "TASK_DROPPED") expect(container).toBeUndefined()
    }
}
