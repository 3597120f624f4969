import type {
  AgentId,
  FrameworkId,
  FrameworkInfo,
  Offer,
  OfferId,
  OfferOperation,
  OperationId,
  OperationState,
  OperationStatus,
  Resources,
  TaskId,
  TaskState,
  TaskStatus,
  scheduler,
} from "#lib/mesos/index.ts"
import { containsResources, unallocate } from "#lib/mesos/index.ts"
import { scriptCommand } from "./containers.ts"
import { Life } from "./life.ts"
import type { Rig } from "./rig.ts"
import { RemoteScheduler, type MasterAt } from "./stream.ts"
import { isTerminal } from "./task-truth.ts"
import type { World } from "./world.ts"

/** How soon it subscribes again when its stream ended. */
const AGAIN_MS = 100

/** How often it asks for what it may have missed. */
const RECONCILE_MS = 5_000

/** What becomes of an operation that never arrived anywhere. */
const LOST: ReadonlySet<OperationState> = new Set<OperationState>([
  "OPERATION_DROPPED",
  "OPERATION_UNKNOWN",
])

const DONE: ReadonlySet<OperationState> = new Set<OperationState>([
  "OPERATION_FINISHED",
  "OPERATION_ERROR",
  "OPERATION_FAILED",
])

type Call = Parameters<RemoteScheduler["call"]>[0]

/** What becomes of a task that never arrived anywhere. */
const NEVER_RAN: ReadonlySet<TaskState> = new Set<TaskState>([
  "TASK_DROPPED",
  "TASK_GONE",
  "TASK_UNKNOWN",
])

/** What a master says of a task whose agent was removed: while it remembers the agent, and later. */
const AWAY: ReadonlySet<TaskState> = new Set<TaskState>(["TASK_LOST", "TASK_UNKNOWN"])

/** A task as its framework knows it, and whether it was ever told that it runs. */
type AskedTask = { readonly agentId: AgentId; state: TaskState | undefined; ran: boolean }

/** A framework that does what a script says, and never dies. */
export class ScriptClient {
  readonly #rig: Rig
  readonly #world: World
  readonly #life: Life
  readonly #connection: RemoteScheduler
  readonly #offers = new Map<OfferId, Offer>()
  readonly #tasks = new Map<TaskId, AskedTask>()
  readonly #operations = new Map<
    OperationId,
    { readonly agentId: AgentId; state: OperationState | undefined }
  >()
  /** Ids that it was ever told. */
  readonly told = new Set<FrameworkId>()
  #info: FrameworkInfo | undefined
  #frameworkId: FrameworkId | undefined
  #connected = false
  /** The message of the error that ended its subscription, once there was one. */
  refusal: string | undefined
  #serial = 0
  #streams = 0

  constructor(rig: Rig, world: World, master: MasterAt) {
    this.#rig = rig
    this.#world = world
    this.#life = new Life("client", world.schedule, { offsetMs: 0, rate: 1 })
    this.#connection = new RemoteScheduler(world, {
      life: this.#life,
      master,
      handler: {
        event: (event) => this.#event(event),
        disconnected: () => this.#disconnected(),
      },
    })
  }

  /** The next master may be of another mind about a client that was refused. */
  masterDied(): void {
    const refused = this.refusal !== undefined
    this.refusal = undefined
    this.#connection.masterDied()
    if (refused) this.#disconnected()
  }

  /** Whether it is subscribed, or never asked to be, or may not be. */
  get settled(): boolean {
    return this.#info === undefined || this.#connected || this.refusal !== undefined
  }

  /** The states of its tasks that ran, in the order of their launch. */
  get taskStates(): readonly (TaskState | undefined)[] {
    return [...this.#tasks.values()]
      .filter(({ ran }) => ran)
      .map(({ state }) => (state !== undefined && AWAY.has(state) ? "TASK_LOST" : state))
  }

  /** Subscribes, and again whenever the stream ends; resolves once it is subscribed. */
  async subscribe(info: Omit<FrameworkInfo, "id">): Promise<number | undefined> {
    if (this.#info === undefined) {
      this.#info = info
      this.#open()
    }
    await this.#rig.until("the client is subscribed", () => this.settled)
    return this.refusal === undefined ? 200 : 403
  }

  /** Makes a call; the status of its reply, or undefined when there is none. */
  async call(call: Call): Promise<number | undefined> {
    await this.#rig.until("the client is subscribed", () => this.settled)
    const status = await this.#send(call)
    // It subscribes as what it is since then.
    if (status === 200 && call.kind === "updateFramework") this.#info = call.frameworkInfo
    return status
  }

  /** Has itself removed, and finds out that it may not come back. */
  async tearDown(): Promise<number | undefined> {
    await this.#rig.until("the client is subscribed", () => this.settled)
    if (this.refusal !== undefined) return 202
    const status = await this.#send({ kind: "teardown" })
    if (status === 202) await this.#rig.until("it is refused", () => this.refusal !== undefined)
    return status
  }

  /** Has an operation done with an offer of the node; undefined when it was lost. */
  async operate(
    hostname: string,
    needs: Resources,
    make: (id: OperationId) => OfferOperation,
  ): Promise<number | undefined> {
    const offer = await this.#offerWith(hostname, needs)
    const id = `o${++this.#serial}` as OperationId
    const asked = { agentId: offer.agentId, state: undefined as OperationState | undefined }
    this.#operations.set(id, asked)
    const operation = make(id)
    if (operation.kind === "destroy") this.#rig.undoing(operation.volumes)
    if (operation.kind === "unreserve") this.#rig.undoing(operation.resources)
    const status = await this.#accept(offer, [operation])
    if (status !== undefined && status !== 202) return status
    await this.#rig.until(
      `operation ${id} is over`,
      () => asked.state !== undefined && (DONE.has(asked.state) || LOST.has(asked.state)),
    )
    if (asked.state === undefined || LOST.has(asked.state)) return undefined
    return asked.state === "OPERATION_FINISHED" ? 200 : 400
  }

  /** Launches a task that runs until it is killed; undefined when it was lost on its way. */
  async launch(hostname: string, resources: Resources): Promise<number | undefined> {
    const offer = await this.#offerWith(hostname, resources)
    const taskId = `t${++this.#serial}` as TaskId
    const task: AskedTask = { agentId: offer.agentId, state: undefined, ran: false }
    this.#tasks.set(taskId, task)
    const command = scriptCommand({ status: 0 })
    const info = { name: taskId, taskId, agentId: offer.agentId, resources, command }
    const status = await this.#accept(offer, [{ kind: "launch", taskInfos: [info] }])
    if (status !== undefined && status !== 202) return status
    const isOver = (): boolean =>
      task.state === "TASK_RUNNING" || (task.state !== undefined && NEVER_RAN.has(task.state))
    await this.#rig.until(`task ${taskId} runs or is lost`, isOver)
    return task.state === "TASK_RUNNING" ? 200 : undefined
  }

  async #offerWith(hostname: string, needs: Resources): Promise<Offer> {
    let found: Offer | undefined
    await this.#rig.until(`${hostname} is offered`, () => {
      for (const offer of this.#offers.values())
        if (
          offer.hostname === hostname &&
          containsResources(unallocate(offer.resources ?? []), needs)
        )
          found = offer
      return found !== undefined
    })
    if (found === undefined) throw new Error("no offer")
    return found
  }

  #accept(offer: Offer, operations: readonly OfferOperation[]): Promise<number | undefined> {
    this.#offers.delete(offer.id)
    return this.#send({
      kind: "accept",
      offerIds: [offer.id],
      operations,
      filters: { refuseSeconds: 0 },
    })
  }

  async #send(call: Call): Promise<number | undefined> {
    const frameworkId = this.#frameworkId
    if (frameworkId === undefined || !this.#connected) return undefined
    const reply = await this.#rig.orDeath(this.#connection.call({ ...call, frameworkId }))
    return reply === undefined || reply.status >= 500 ? undefined : reply.status
  }

  #open(): void {
    const info = this.#info
    if (info === undefined) return
    const id = this.#frameworkId
    this.#connection.subscribe({
      kind: "subscribe",
      ...(id === undefined ? {} : { frameworkId: id }),
      frameworkInfo: { ...info, ...(id === undefined ? {} : { id }) },
    })
  }

  #disconnected(): void {
    this.#connected = false
    this.#offers.clear()
    if (this.refusal === undefined) this.#life.after(AGAIN_MS, () => this.#open())
  }

  #event(event: scheduler.Event): void {
    switch (event.kind) {
      case "subscribed":
        this.#frameworkId = event.frameworkId
        this.told.add(event.frameworkId)
        this.#connected = true
        return this.#reconcileOften(++this.#streams)
      case "offers":
        for (const offer of event.offers ?? []) this.#offers.set(offer.id, offer)
        return
      case "rescind":
        return void this.#offers.delete(event.offerId)
      case "update":
        return this.#update(event.status)
      case "updateOperationStatus":
        return this.#operationUpdate(event.status)
      case "error":
        this.refusal = event.message
        return
      case "inverseOffers":
      case "rescindInverseOffer":
      case "message":
      case "failure":
      case "heartbeat":
        return
      default:
        return event satisfies never
    }
  }

  #update(status: TaskStatus): void {
    const { taskId, state, uuid, agentId } = status
    if (this.#frameworkId !== undefined) this.#world.monitor.heard(this.#frameworkId, status)
    const task = this.#tasks.get(taskId)
    // Of a task that has ended a reconciliation says that nobody knows it; lost ones come back.
    const ended = task?.state !== undefined && isTerminal(task.state) && !AWAY.has(task.state)
    if (task !== undefined && !ended) {
      task.state = state
      task.ran ||= state === "TASK_RUNNING"
    }
    if (uuid !== undefined && agentId !== undefined)
      void this.#send({ kind: "acknowledge", agentId, taskId, uuid })
  }

  #operationUpdate(status: OperationStatus): void {
    const { operationId, state, uuid, agentId } = status
    if (this.#frameworkId !== undefined)
      this.#world.monitor.operationHeard(this.#frameworkId, status)
    if (operationId === undefined) return
    const asked = this.#operations.get(operationId)
    if (asked !== undefined && !(asked.state !== undefined && DONE.has(asked.state)))
      asked.state = state
    if (uuid !== undefined)
      void this.#send({
        kind: "acknowledgeOperationStatus",
        agentId,
        operationId,
        uuid: uuid.value,
      })
  }

  /** Asks for what it may have missed, as long as the stream lasts. */
  #reconcileOften(stream: number): void {
    const tasks = [...this.#tasks].map(([taskId, { agentId }]) => ({ taskId, agentId }))
    if (tasks.length > 0) void this.#send({ kind: "reconcile", tasks })
    const operations = [...this.#operations]
      .filter(([, { state }]) => state === undefined || !DONE.has(state))
      .map(([operationId, { agentId }]) => ({ operationId, agentId }))
    if (operations.length > 0) void this.#send({ kind: "reconcileOperations", operations })
    this.#life.after(RECONCILE_MS, () => {
      if (stream === this.#streams && this.#connected) this.#reconcileOften(stream)
    })
  }
}
