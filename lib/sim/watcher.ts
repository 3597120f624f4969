import {
  captureState,
  type MasterDriver,
  type StateSnapshot,
  type WatchId,
} from "#lib/master/index.ts"
import type { AgentId, FrameworkId, TaskState, master } from "#lib/mesos/index.ts"
import type { Random } from "#lib/std/random.ts"
import type { Life } from "./life.ts"
import type { Monitor } from "./monitor.ts"
import { isTerminal, taskKey } from "./task-truth.ts"
import { randomMs, type World } from "./world.ts"

/** Mean time for which one watch is kept. */
const KEEP_MS = 60_000

const RULE = "what a watcher is told is what there is"

/** Two clients of the operators' events: one stays, one begins anew now and then, at any moment. */
export class Watcher {
  readonly #world: World
  readonly #random: Random
  #lasting: Picture | undefined
  #latest: Picture | undefined

  constructor(world: World, random: Random) {
    this.#world = world
    this.#random = random
  }

  /** A master runs. */
  start(driver: MasterDriver, life: Life): void {
    this.#watch(driver, life, (picture) => (this.#lasting = picture))
    this.#renew(driver, life)
  }

  /** The master's process died. */
  masterDied(): void {
    this.#lasting = undefined
    this.#latest = undefined
  }

  /** In what the watchers' pictures differ from the master's; only while nothing is under way. */
  open({ view }: MasterDriver): readonly string[] {
    const state = captureState(view)
    return [this.#lasting, this.#latest].flatMap(
      (picture) => picture?.differences(state) ?? ["a watcher has not begun"],
    )
  }

  #renew(driver: MasterDriver, life: Life): void {
    const watch = this.#watch(driver, life, (picture) => (this.#latest = picture))
    this.#world.schedule.after(randomMs(this.#random, KEEP_MS), () => {
      if (life.over) return
      if (watch !== undefined) driver.unwatch(watch)
      this.#renew(driver, life)
    })
  }

  #watch(driver: MasterDriver, life: Life, begun: (picture: Picture) => void): WatchId | undefined {
    let picture: Picture | undefined
    return driver.watch({
      begun: ({ state }) => {
        picture = new Picture(this.#world.monitor, state)
        if (!life.over) begun(picture)
        return undefined
      },
      events: (events) => {
        if (!life.over) for (const event of events) picture?.apply(event)
      },
      end: () => undefined,
    })
  }
}

/** The cluster as it follows from one SUBSCRIBED and the events after it. */
export class Picture {
  readonly #monitor: Pick<Monitor, "broken">
  readonly #agents = new Set<AgentId>()
  /** What each framework says of itself, as text. */
  readonly #frameworks = new Map<FrameworkId, string>()
  readonly #tasks = new Map<string, TaskState>()

  constructor(monitor: Pick<Monitor, "broken">, state: StateSnapshot) {
    this.#monitor = monitor
    for (const { id } of state.agents) this.#agents.add(id)
    for (const { id, info } of state.frameworks) this.#frameworks.set(id, JSON.stringify(info))
    for (const [key, taskState] of tasksOf(state)) this.#tasks.set(key, taskState)
  }

  /** Follows an event; one that does not fit what was told before is a broken rule. */
  apply(event: master.Event): void {
    switch (event.kind) {
      case "taskAdded": {
        const { frameworkId, taskId, state } = event.task
        this.#expect(this.#frameworks.has(frameworkId), `${taskId} is added before its framework`)
        this.#tasks.set(taskKey(frameworkId, taskId), state)
        return
      }
      case "taskUpdated": {
        const key = taskKey(event.frameworkId, event.status.taskId)
        this.#expect(this.#tasks.has(key), `${key} is updated before it is added`)
        this.#tasks.set(key, event.state)
        return
      }
      case "agentAdded": {
        const { id } = event.agent.agentInfo
        if (id !== undefined) this.#agents.add(id)
        return
      }
      case "agentRemoved":
        return this.#expect(this.#agents.delete(event.agentId), `${event.agentId} was not there`)
      case "frameworkAdded":
      case "frameworkUpdated": {
        const { id } = event.framework.frameworkInfo
        if (id === undefined) return
        const known = this.#frameworks.has(id)
        this.#expect(known === (event.kind === "frameworkUpdated"), `${event.kind} of ${id}`)
        this.#frameworks.set(id, JSON.stringify(event.framework.frameworkInfo))
        return
      }
      case "frameworkRemoved": {
        const { id } = event.frameworkInfo
        const known = id !== undefined && this.#frameworks.delete(id)
        return this.#expect(known, `framework ${id} is removed, but was not there`)
      }
      case "subscribed":
      case "heartbeat":
        return
      default:
        return event satisfies never
    }
  }

  /** Agents out of reach and gone are told by their tasks alone, so more of them may be known here. */
  differences(state: StateSnapshot): readonly string[] {
    const found: string[] = []
    for (const { id } of state.agents)
      if (!this.#agents.has(id)) found.push(`the watcher does not know agent ${id}`)
    const known = new Set([
      ...state.agents.map(({ id }) => id),
      ...state.recoveredAgents.map(({ id }) => id),
      ...state.view.unreachableAgents.keys(),
      ...state.view.goneAgents.keys(),
    ])
    for (const id of this.#agents)
      if (!known.has(id)) found.push(`the watcher still knows agent ${id}`)
    const frameworks = new Map(state.frameworks.map(({ id, info }) => [id, JSON.stringify(info)]))
    for (const [id, info] of frameworks)
      if (this.#frameworks.get(id) !== info) found.push(`the watcher has not heard of ${info}`)
    for (const id of this.#frameworks.keys())
      if (!frameworks.has(id)) found.push(`the watcher still knows framework ${id}`)
    const tasks = new Map(tasksOf(state))
    for (const [key, is] of tasks) {
      const known = this.#tasks.get(key)
      if (known !== is) found.push(`the watcher believes ${key} to be ${known}, not ${is}`)
    }
    for (const [key, known] of this.#tasks)
      if (!tasks.has(key) && !isTerminal(known)) found.push(`the watcher still knows ${key}`)
    return found
  }

  #expect(holds: boolean, detail: string): void {
    if (!holds) this.#monitor.broken(RULE, detail)
  }
}

/** Every task with its state; of several with one id the live one counts. */
function* tasksOf(state: StateSnapshot): Generator<readonly [key: string, state: TaskState]> {
  for (const task of state.completedTasks)
    yield [taskKey(task.frameworkId, task.taskId), task.state]
  for (const { task, state: then } of [...state.unreachableTasks, ...state.tasks])
    yield [taskKey(task.frameworkId, task.taskId), then]
}
