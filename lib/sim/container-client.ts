import type { AgentDriver } from "#lib/agent/index.ts"
import type { ContainerId } from "#lib/ports/index.ts"
import type { Random } from "#lib/std/random.ts"
import { isCalled } from "./called-containers.ts"
import { scriptCommand, type Container } from "./containers.ts"
import type { Node } from "./node.ts"
import { note, randomMs, type World } from "./world.ts"

/** Mean time between two calls. */
const CALL_MS = 3_000

/** Between two looks for what is left, once the cluster is to come to rest. */
const CLEAR_MS = 1_000

const SIGKILL = 9
const SIGTERM = 15

type Request = Parameters<AgentDriver["calls"]["ask"]>[0]
type Answer = Awaited<ReturnType<AgentDriver["calls"]["ask"]>>

/**
 * A client of the agents who nests containers in whatever runs, opens sessions, waits, kills and removes
 * at random, and goes away as it likes. What it is told of an end must be what really happened.
 */
export class ContainerClient {
  readonly #world: World
  readonly #nodes: readonly Node[]
  readonly #random: Random
  readonly #sessions = new Set<AbortController>()
  #count = 0
  #busy = true

  constructor(world: World, random: Random, nodes: readonly Node[]) {
    this.#world = world
    this.#random = random
    this.#nodes = nodes
  }

  /** Begins to make calls, in half of the runs. */
  start(): void {
    if (this.#random.chance(0.5)) this.#goOn()
  }

  /** From now on only ends what it began. */
  quiet(): void {
    this.#busy = false
    for (const session of this.#sessions) session.abort()
    this.#sessions.clear()
    this.#clear()
  }

  /** Containers that are still there, and what agents believe of them that is not so. */
  open(): readonly string[] {
    return this.#nodes.flatMap((node) => {
      const believed = [...(node.driver?.agent.nested.all ?? [])]
      const live = believed.filter(({ state }) => state !== "ended")
      return [
        ...this.#running(node).map(({ spec }) => `${node.name} still runs ${spec.containerId}`),
        ...live.map(({ containerId }) => `${node.name} believes that ${containerId} lives`),
      ]
    })
  }

  #goOn(): void {
    this.#world.schedule.after(randomMs(this.#random, CALL_MS), () => {
      if (!this.#busy) return
      this.#act()
      this.#goOn()
    })
  }

  #act(): void {
    const random = this.#random
    const node = random.pick(this.#nodes)
    const called = [...(node.driver?.agent.nested.all ?? [])].map(({ containerId }) => containerId)
    const dice = random.below(10)
    if (dice < 4) return this.#launch(node, "nested")
    if (dice === 4) return this.#launch(node, "standalone")
    if (dice === 5) return this.#launch(node, "session")
    if (dice === 6) return this.#leave()
    if (called.length === 0) return undefined
    const containerId = random.pick(called)
    if (dice === 7) return this.#ask(node, { kind: "wait", containerId })
    if (dice === 8) return this.#ask(node, { kind: "remove", containerId })
    const signal = random.pick([SIGKILL, SIGTERM])
    return this.#ask(node, { kind: "kill", containerId, signal })
  }

  #launch(node: Node, purpose: "nested" | "standalone" | "session"): void {
    const random = this.#random
    const parents = [...node.containers.all].filter(({ running }) => running)
    const name = `c${++this.#count}`
    if (purpose !== "standalone" && parents.length === 0) return
    const parent = purpose === "standalone" ? undefined : random.pick(parents).spec.containerId
    const containerId = (parent === undefined ? name : `${parent}.${name}`) as ContainerId
    const lifeMs = random.chance(0.5) ? randomMs(random, 20_000) : undefined
    const command = scriptCommand({ lifeMs, status: random.pick([0, 256]) })
    const session = new AbortController()
    if (purpose === "session") this.#sessions.add(session)
    this.#ask(node, { kind: "launch", purpose, containerId, command }, session.signal)
  }

  /** The client of a session goes away. */
  #leave(): void {
    const [session] = this.#sessions
    if (session === undefined) return
    this.#sessions.delete(session)
    session.abort()
  }

  #ask(node: Node, request: Request, signal = new AbortController().signal): void {
    const { driver } = node
    if (driver === undefined) return
    note(this.#world, "client", `asks ${node.name} to ${request.kind} ${request.containerId}`)
    void driver.calls.ask(request, signal).then((answer) => {
      // Whatever a dead agent would have said was never said.
      if (answer === undefined || node.driver !== driver) return
      this.#answered(request, answer)
      if (answer.kind !== "streams" || answer.session === undefined) return
      const { session } = answer
      if (signal.aborted) driver.calls.endSession(session)
      else signal.addEventListener("abort", () => driver.calls.endSession(session))
    })
  }

  #answered(request: Request, answer: NonNullable<Answer>): void {
    const { monitor, marks } = this.#world
    if (answer.kind === "streams") marks.hit("called.session")
    if (request.kind === "launch" && answer.kind === "done") marks.hit("called.launched")
    if (answer.kind !== "ended") return
    marks.hit("called.ended")
    const { containerId } = request
    const problem = monitor.called.problem(containerId, answer.termination.exitStatus)
    if (problem === undefined) return
    const told = `${containerId} ended with ${answer.termination.exitStatus}`
    monitor.broken("ends of containers are told as they were", `${told}: ${problem}`)
  }

  #running(node: Node): readonly Container[] {
    return [...node.containers.all].filter(({ running, spec }) => running && isCalled(spec))
  }

  #clear(): void {
    for (const node of this.#nodes)
      for (const { containerId } of node.driver?.agent.nested.all ?? [])
        this.#ask(node, { kind: "kill", containerId, signal: SIGKILL })
    this.#world.schedule.after(CLEAR_MS, () => this.#clear())
  }
}
