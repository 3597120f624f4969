import type { SchedulerConnection } from "#lib/master/index.ts"
import {
  containsResources,
  rangesOf,
  rangesResource,
  scalarResource,
  subtractResources,
  takeFromRanges,
  unallocate,
  type AgentId,
  type ExecutorId,
  type FrameworkId,
  type FrameworkInfo,
  type Offer,
  type OfferId,
  type OfferOperation,
  type OperationStatus,
  type Resource,
  type Resources,
  type TaskId,
  type TaskInfo,
  type TaskState,
  type TaskStatus,
  type scheduler,
} from "#lib/mesos/index.ts"
import type { Random } from "#lib/std/random.ts"
import { scriptCommand } from "./containers.ts"
import { EXECUTOR_RESOURCES } from "./executor-info.ts"
import { launchOf } from "./launches.ts"
import type { Life } from "./life.ts"
import { InverseOffers, type InverseAnswer } from "./inverse-offers.ts"
import { Process } from "./process.ts"
import { Stock } from "./stock.ts"
import { RemoteScheduler, type MasterAt } from "./stream.ts"
import { isTerminal } from "./task-truth.ts"
import { between, note, randomMs, type World } from "./world.ts"

/** Tasks that a framework keeps running, and launches in all. */
const ACTIVE_MAX = 6
const LAUNCHES_MAX = 60

/** How long a framework may think about an offer. */
const THINK_MAX_MS = 4_000

const RECONCILE_MS = 30_000
const KILL_AGAIN_MS = 15_000
const DECLINE_AGAIN_MS = 1_000

/** States of which a master may be wrong: an agent that was taken out may come back with the task. */
const LOST: ReadonlySet<TaskState> = new Set<TaskState>(["TASK_LOST", "TASK_UNKNOWN"])

/** A task as its framework remembers it across its own crashes. */
type Task = {
  readonly id: TaskId
  readonly agentId: AgentId
  state: TaskState | undefined
  ended: boolean
  wantsKill: boolean
  /** The custom executor that runs it, if one does. */
  readonly executorId: ExecutorId | undefined
}

/** What a framework has stored: written before it acts, so no crash makes it forget a launch. */
type Memory = {
  frameworkId: FrameworkId | undefined
  readonly tasks: Map<TaskId, Task>
  launches: number
}

type Call = Parameters<SchedulerConnection["call"]>[0]
type Reply = Awaited<ReturnType<SchedulerConnection["call"]>>
/** A call but for the framework's own id, which goes into each. */
type Unsigned<C> = C extends unknown ? Omit<C, "frameworkId"> : never

/**
 * A framework that launches, kills and reconciles at random, and knows at each moment what it has been
 * told. It is a good citizen but for one habit, which a run may have: to use an offer twice.
 */
export class ScriptedFramework {
  readonly name: string
  readonly process: Process
  readonly #world: World
  readonly #master: MasterAt
  readonly #random: Random
  readonly #info: FrameworkInfo
  readonly #memory: Memory = { frameworkId: undefined, tasks: new Map(), launches: 0 }
  /** Its former selves, which it had removed with all they ran. */
  readonly #removed = new Set<FrameworkId>()
  readonly #stock: Stock
  readonly #inverseOffers: InverseOffers
  #connection: RemoteScheduler | undefined
  /** Connections of instances whose id another one took over: the master ends them. */
  readonly #former = new Set<RemoteScheduler>()
  #connected = false
  /** How often it subscribed: offers of an earlier subscription are gone. */
  #subscriptions = 0
  #offers = new Map<OfferId, Offer>()
  /** Still launching and killing of its own accord; afterwards it only asks for what is due. */
  #busy = true
  #lastTask: TaskId | undefined

  constructor(world: World, master: MasterAt, index: number) {
    this.#world = world
    this.#master = master
    this.#random = world.chance.fork()
    this.name = `fw-${index}`
    const role = this.#random.pick(["*", "a", "b"])
    this.#stock = new Stock(world, { name: this.name, random: this.#random, role })
    this.#inverseOffers = new InverseOffers({
      world,
      random: this.#random,
      master,
      frameworkId: () => this.#memory.frameworkId,
      later: (ms, act) => this.#laterOnStream(ms, act),
      send: (answer) => this.#send(answer),
    })
    this.#info = {
      user: "nobody",
      name: this.name,
      roles: [role],
      failoverTimeout: 7 * 24 * 3600,
      checkpoint: true,
      capabilities: [
        { type: "MULTI_ROLE" },
        { type: "RESERVATION_REFINEMENT" },
        { type: "TASK_KILLING_STATE" },
        ...(this.#random.chance(0.8) ? [{ type: "PARTITION_AWARE" } as const] : []),
      ],
    }
    const program = {
      boot: (life: Life) => this.#boot(life),
      ending: () => {},
      ended: () => this.#ended(),
    }
    this.process = new Process(world, this.name, { program, crashMark: "crash.framework" })
  }

  start(): void {
    this.process.start()
  }

  /** The master's process died, and this framework's stream with it. */
  masterDied(): void {
    this.#connection?.masterDied()
    for (const connection of this.#former) connection.masterDied()
  }

  /** No more launches and kills but one task, which must run in the end. */
  quiet(): void {
    this.#busy = false
    this.#call({ kind: "revive" })
  }

  /**
   * What is still open for this framework: empty once all its tasks are accounted for. A task that was
   * launched on an agent that died before it stored its id is out of reach for good.
   */
  open(agents: ReadonlySet<AgentId>): readonly string[] {
    const { frameworkId, tasks } = this.#memory
    const open: string[] = []
    for (const truth of this.#world.monitor.tasks.values())
      if (truth.running && this.#removed.has(truth.frameworkId))
        open.push(`${truth.taskId} runs on though its framework was removed`)
    if (!this.#connected || frameworkId === undefined) return [`${this.name} is not subscribed`]
    if (this.#former.size > 0) open.push(`${this.name} has a stream that was taken over`)
    open.push(...this.#stock.open(agents))
    for (const task of tasks.values()) {
      const truth = this.#world.monitor.truth(frameworkId, task.id)
      const neverThere = truth.node === undefined && !agents.has(task.agentId)
      if (neverThere && (task.state === "TASK_UNREACHABLE" || task.state === "TASK_LOST")) continue
      const heard = `${this.name} believes ${task.id} ${task.state ?? "launched"}`
      if (truth.running && (task.state !== "TASK_RUNNING" || task.ended))
        open.push(`${heard}, but it runs`)
      if (!truth.running && !task.ended) open.push(`${heard}, but it does not run`)
      if (task.wantsKill && !task.ended) open.push(`${heard}, and wants it ended`)
    }
    const last = this.#lastTask === undefined ? undefined : tasks.get(this.#lastTask)
    if (last?.state !== "TASK_RUNNING") open.push(`${this.name} cannot run one more task`)
    return open
  }

  #boot(life: Life): void {
    this.#offers = new Map()
    this.#connect(life)
    this.#subscribe()
    this.#repeat(life, RECONCILE_MS, () => this.#reconcile())
    this.#repeat(life, KILL_AGAIN_MS, () => this.#killAgain())
    this.#actAtRandom(life)
  }

  /** A connection of its own for each instance; only what the newest hears counts. */
  #connect(life: Life): void {
    const connection: RemoteScheduler = new RemoteScheduler(this.#world, {
      life,
      master: this.#master,
      handler: {
        event: (event) => {
          if (connection === this.#connection) this.#event(event)
        },
        disconnected: () => {
          if (this.#former.delete(connection)) return
          this.#connected = false
          this.#offers.clear()
          life.after(between(this.#random, 100, 5_000), () => this.#subscribe())
        },
      },
    })
    this.#connection = connection
  }

  /** A second instance takes over, while the first believes that it still is the framework. */
  #takeOver(): void {
    const { life } = this.process
    if (!this.#connected || this.#connection === undefined || life === undefined) return
    this.#world.marks.hit("framework.takenOver")
    note(this.#world, this.name, "is taken over by another instance")
    this.#former.add(this.#connection)
    this.#connect(life)
    this.#subscribe()
  }

  #ended(): void {
    this.#connected = false
    for (const connection of this.#former) connection.close()
    this.#former.clear()
    this.#connection?.close()
    this.#connection = undefined
  }

  #repeat(life: Life, ms: number, act: () => void): void {
    life.after(ms, () => {
      act()
      this.#repeat(life, ms, act)
    })
  }

  #actAtRandom(life: Life): void {
    life.after(randomMs(this.#random, 8_000), () => {
      if (this.#busy) this.#act()
      this.#actAtRandom(life)
    })
  }

  #act(): void {
    const alive = [...this.#memory.tasks.values()].filter((task) => !task.ended)
    const dice = this.#random.below(10)
    if (dice < 4 && alive.length > 0) this.#killOrShutDown(this.#random.pick(alive), alive)
    else if (dice === 4) this.#call({ kind: "suppress" })
    else if (dice === 5 || dice === 6) this.#call({ kind: "revive" })
    else if (dice === 7 && this.#random.chance(0.5)) this.#call({ kind: "reconcile", tasks: [] })
    else if (dice === 7) this.#call({ kind: "reconcileOperations", operations: [] })
    else if (dice === 8 && this.#random.chance(0.5)) this.#subscribe()
    else if (dice === 8) this.#takeOver()
    else if (dice === 9 && this.#random.chance(0.2)) this.#tearDown()
  }

  /** Has itself removed, and comes back as another framework. */
  #tearDown(): void {
    const { frameworkId } = this.#memory
    const connection = this.#connection
    if (!this.#connected || frameworkId === undefined || connection === undefined) return
    this.#world.monitor.removing(frameworkId)
    void connection.call({ kind: "teardown", frameworkId }).then(({ status }) => {
      if (status === 202) this.#startOver(frameworkId)
    })
  }

  #startOver(removed: FrameworkId): void {
    if (this.#memory.frameworkId !== removed) return
    this.#world.marks.hit("framework.removed")
    note(this.#world, this.name, `was removed as ${removed}`)
    this.#removed.add(removed)
    this.#memory.frameworkId = undefined
    this.#memory.tasks.clear()
    this.#stock.startOver()
    this.#subscribe()
  }

  #subscribe(): void {
    const { frameworkId } = this.#memory
    this.#connected = false
    this.#connection?.subscribe({
      kind: "subscribe",
      ...(frameworkId === undefined ? {} : { frameworkId }),
      frameworkInfo: { ...this.#info, ...(frameworkId === undefined ? {} : { id: frameworkId }) },
    })
  }

  #event(event: scheduler.Event): void {
    switch (event.kind) {
      case "subscribed":
        this.#memory.frameworkId = event.frameworkId
        this.#connected = true
        this.#subscriptions++
        this.#offers.clear()
        this.#inverseOffers.clear()
        return this.#reconcile()
      case "offers":
        for (const offer of event.offers ?? []) this.#consider(offer)
        return
      case "rescind":
        this.#world.marks.hit("offer.rescinded")
        this.#offers.delete(event.offerId)
        return
      case "update":
        return this.#update(event.status)
      case "error":
        if (event.message !== "Framework has been removed") return
        if (this.#memory.frameworkId !== undefined) this.#startOver(this.#memory.frameworkId)
        return
      case "updateOperationStatus":
        return this.#operationUpdate(event.status)
      case "inverseOffers":
        return this.#inverseOffers.asked(event.inverseOffers ?? [])
      case "rescindInverseOffer":
        return this.#inverseOffers.rescinded(event.inverseOfferId)
      case "message":
      case "failure":
      case "heartbeat":
        return
      default:
        return event satisfies never
    }
  }

  #update(status: TaskStatus): void {
    const { frameworkId, tasks } = this.#memory
    if (frameworkId === undefined) return
    this.#world.monitor.heard(frameworkId, status)
    const task = tasks.get(status.taskId)
    if (task === undefined)
      return this.#world.monitor.broken("no task comes from nowhere", status.taskId)
    const { state, uuid, agentId } = status
    if (!task.ended) {
      task.state = state
      // Lost with an agent that is out of reach may come back; unknown is what was never launched.
      const vague = state === "TASK_LOST" && status.unreachableTime !== undefined
      task.ended = (isTerminal(state) && !vague) || state === "TASK_UNKNOWN"
    } else if (LOST.has(task.state ?? state) && !isTerminal(state)) this.#killAgainLost(task)
    if (uuid !== undefined && agentId !== undefined)
      this.#call({ kind: "acknowledge", agentId, taskId: status.taskId, uuid })
  }

  #operationUpdate(status: OperationStatus): void {
    const { state, uuid, agentId, operationId } = status
    const { frameworkId } = this.#memory
    if (frameworkId !== undefined) this.#world.monitor.operationHeard(frameworkId, status)
    this.#stock.heard(status)
    if (uuid === undefined) this.#world.marks.hit("operation.reconciled")
    if (state === "OPERATION_FINISHED") this.#world.marks.hit("operation.finished")
    if (state === "OPERATION_DROPPED") this.#world.marks.hit("operation.dropped")
    if (uuid === undefined || operationId === undefined) return
    this.#call({ kind: "acknowledgeOperationStatus", agentId, operationId, uuid: uuid.value })
  }

  #consider(offer: Offer): void {
    const { life } = this.process
    this.#offers.set(offer.id, offer)
    const ms = this.#random.chance(0.5) ? 0 : between(this.#random, 0, THINK_MAX_MS)
    life?.after(ms, () => {
      if (this.#offers.delete(offer.id)) this.#answer(offer)
    })
  }

  #answer(offer: Offer): void {
    const { operations, volume } = this.#busy ? this.#stock.deal(offer) : { operations: [] }
    const tasks = this.#tasksFor(offer, volume)
    const refuseSeconds = this.#busy ? between(this.#random, 0, 20) : 5
    const filters = { refuseSeconds }
    const offerIds = [offer.id]
    if (tasks.length > 0) this.#launch(offer, tasks, { filters, operations })
    else if (operations.length > 0)
      return this.#answerOffer({ kind: "accept", offerIds, operations, filters })
    else return this.#answerOffer({ kind: "decline", offerIds, filters })
    if (!this.#world.swarm.reuseOffers || !this.#busy || !this.#random.chance(0.2)) return undefined
    const again = this.#tasksFor(offer)
    if (again.length === 0) return undefined
    this.#world.marks.hit("offer.reused")
    return this.#launch(offer, again, { filters, operations: [] })
  }

  #launch(
    offer: Offer,
    taskInfos: readonly TaskInfo[],
    how: {
      readonly filters: { readonly refuseSeconds: number }
      readonly operations: readonly OfferOperation[]
    },
  ): void {
    const { frameworkId } = this.#memory
    if (frameworkId === undefined) return
    const launcher = { name: this.name, frameworkId, random: this.#random }
    const { operation, executorId } = launchOf(this.#world, launcher, taskInfos)
    for (const { taskId: id } of taskInfos) {
      note(this.#world, this.name, `launches ${id} on ${offer.hostname}`)
      const { agentId } = offer
      const task = { id, agentId, executorId, state: undefined, ended: false, wantsKill: false }
      this.#memory.tasks.set(id, task)
    }
    const operations = [...how.operations, operation]
    this.#answerOffer({ kind: "accept", offerIds: [offer.id], operations, filters: how.filters })
  }

  /** As many tasks as it wants and the offer has room for; the first gets the volume, if there is one. */
  #tasksFor(offer: Offer, volume?: Resource): readonly TaskInfo[] {
    const { tasks } = this.#memory
    const last = this.#lastTask === undefined ? undefined : tasks.get(this.#lastTask)
    const active = [...tasks.values()].filter((task) => !task.ended).length
    const wanted = this.#busy
      ? Math.min(ACTIVE_MAX - active, LAUNCHES_MAX - this.#memory.launches, 3)
      : Number(last === undefined || last.ended)
    const infos: TaskInfo[] = []
    let left = unallocate(offer.resources ?? [])
    if (!containsResources(left, EXECUTOR_RESOURCES)) return []
    left = subtractResources(left, EXECUTOR_RESOURCES)
    if (volume !== undefined) this.#world.marks.hit("operation.used")
    while (infos.length < wanted) {
      const resources = this.#size(left)
      if (resources === undefined) break
      left = subtractResources(left, resources)
      const own = volume !== undefined && infos.length === 0 ? [...resources, volume] : resources
      infos.push(this.#task(offer.agentId, own))
    }
    return infos
  }

  #size(left: Resources): Resources | undefined {
    const random = this.#random
    const parts = [
      scalarResource("cpus", this.#busy ? 100 * between(random, 1, 12) : 100),
      scalarResource("mem", this.#busy ? 1_000 * between(random, 32, 900) : 32_000),
    ]
    const ports = takeFromRanges(rangesOf(left, "ports"), random.below(3))
    if (ports !== undefined && ports.taken.length > 0)
      parts.push(rangesResource("ports", ports.taken))
    return containsResources(left, parts) ? parts : undefined
  }

  #task(agentId: AgentId, resources: Resources): TaskInfo {
    const random = this.#random
    const taskId = `${this.name}.t${++this.#memory.launches}` as TaskId
    if (!this.#busy) this.#lastTask = taskId
    const { taskLifeMs } = this.#world.swarm
    const status = random.chance(0.7) ? 0 : 256 * between(random, 1, 3)
    const runsOn = !this.#busy || taskLifeMs === 0 || random.chance(0.2)
    const script = runsOn ? { status: 0 } : { lifeMs: randomMs(random, taskLifeMs), status }
    const files = random.chance(0.2) ? { uris: [{ value: "http://files/one" }] } : {}
    const command = { ...scriptCommand(script), ...files }
    return { name: taskId, taskId, agentId, resources, command }
  }

  #kill(task: Task): void {
    const { frameworkId } = this.#memory
    if (frameworkId === undefined) return
    task.wantsKill = true
    this.#world.monitor.killAsked(frameworkId, task.id)
    note(this.#world, this.name, `kills ${task.id}`)
    this.#call({ kind: "kill", taskId: task.id, agentId: task.agentId })
  }

  /** Ends a task or, now and then, its executor with all that it runs. */
  #killOrShutDown(task: Task, alive: readonly Task[]): void {
    const { executorId, agentId } = task
    const { frameworkId } = this.#memory
    if (executorId === undefined || frameworkId === undefined || this.#random.chance(0.8))
      return this.#kill(task)
    for (const other of alive)
      if (other.executorId === executorId && other.agentId === agentId)
        this.#world.monitor.killAsked(frameworkId, other.id)
    note(this.#world, this.name, `shuts ${executorId} down`)
    return this.#call({ kind: "shutdown", executorId, agentId })
  }

  /** A task came back with an agent that had been taken out of the cluster: its time is over. */
  #killAgainLost(task: Task): void {
    this.#world.marks.hit("task.cameBack")
    this.#kill(task)
  }

  #killAgain(): void {
    for (const { id, agentId, ended, wantsKill } of this.#memory.tasks.values())
      if (wantsKill && !ended) this.#call({ kind: "kill", taskId: id, agentId })
  }

  #reconcile(): void {
    const tasks = [...this.#memory.tasks.values()]
      .filter(({ ended }) => !ended)
      .map(({ id, agentId }) => ({ taskId: id, agentId }))
    if (tasks.length > 0) this.#call({ kind: "reconcile", tasks })
    this.#call({ kind: "reconcile", tasks: [] })
    const operations = this.#stock.toReconcile()
    if (operations.length > 0) this.#call({ kind: "reconcileOperations", operations })
  }

  /** Does something later in this life, unless the stream is another one then. */
  #laterOnStream(ms: number, act: () => void): void {
    const stream = this.#subscriptions
    this.process.life?.after(ms, () => {
      if (stream === this.#subscriptions) act()
    })
  }

  /**
   * Answers an offer. The master holds an offer back until it is answered, or its stream ends: where
   * nothing says that the answer arrived, the offer is declined until something does.
   */
  #answerOffer(call: Extract<Unsigned<Call>, { readonly kind: "accept" | "decline" }>): void {
    const connection = this.#connection
    const stream = this.#subscriptions
    void this.#send(call)?.then(({ status }) => {
      if (status < 500 || stream !== this.#subscriptions || connection !== this.#connection) return
      const { offerIds, filters } = call
      this.#laterOnStream(DECLINE_AGAIN_MS, () =>
        this.#answerOffer({ kind: "decline", offerIds, filters }),
      )
    })
  }

  #call(call: Unsigned<Call>): void {
    void this.#send(call)
  }

  #send(call: Unsigned<Call> | InverseAnswer): Promise<Reply> | undefined {
    const { frameworkId } = this.#memory
    if (!this.#connected || frameworkId === undefined) return undefined
    return this.#connection?.call({ ...call, frameworkId })
  }
}
