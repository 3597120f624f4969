import type { MasterDriver } from "#lib/master/index.ts"
import {
  containsResources,
  normalizeResources,
  renderResources,
  subtractResources,
  unallocate,
  type AgentToMaster,
  type FrameworkId,
  type MasterToAgent,
  type OperationStatus,
  type Resource,
  type Resources,
  type TaskId,
  type TaskInfo,
  type TaskState,
  type TaskStatus,
  type UpdateMessage,
} from "#lib/mesos/index.ts"
import type { ContainerSpec } from "#lib/ports/index.ts"
import { AssertionError } from "#lib/std/assert.ts"
import type { Disk } from "./disk.ts"
import { CalledContainers, isCalled } from "./called-containers.ts"
import { EXECUTOR_RESOURCES, frameworkOf, isExecutor } from "./executor-info.ts"
import { inverseOffersProblem } from "./inverse-offers.ts"
import type { Marks } from "./marks.ts"
import { NodeBooks } from "./node-books.ts"
import { OperationMonitor } from "./operation-monitor.ts"
import { QuotaMonitor } from "./quota-monitor.ts"
import { isTerminal, newTruth, OUT_OF_MEMORY, taskKey, type TaskTruth } from "./task-truth.ts"

/** A rule that was broken. */
export type Violation = { readonly invariant: string; readonly detail: string }

/** What an agent says of a task that it does not have, where the master may have said TASK_GONE. */
const NEVER_THERE: ReadonlySet<TaskState> = new Set<TaskState>(["TASK_DROPPED", "TASK_LOST"])

/** What the master alone can say, for good. */
const FINAL_FROM_MASTER: ReadonlySet<TaskState> = new Set<TaskState>([
  "TASK_DROPPED",
  "TASK_ERROR",
  "TASK_GONE",
  "TASK_GONE_BY_OPERATOR",
])

/**
 * Sees everything that happens and holds it against the rules, from outside: it counts on its own, so
 * that a master or an agent that deceives itself is found out. Only the first broken rule is kept.
 */
export class Monitor {
  readonly #marks: Marks
  readonly #books = new NodeBooks()
  readonly #tasks = new Map<string, TaskTruth>()
  readonly #removed = new Set<FrameworkId>()
  /** Nodes that an operator ever had emptied: tasks there are killed without their frameworks. */
  readonly #emptying = new Set<string>()
  /** Reservations and volumes that are known to be on a disk, with the node. */
  readonly #made = new Map<string, string>()
  readonly #undone = new Set<string>()
  readonly #operations = new OperationMonitor()
  /** The containers that calls have made. */
  readonly called = new CalledContainers()
  readonly #quotas: QuotaMonitor
  #violation: Violation | undefined

  constructor(marks: Marks) {
    this.#marks = marks
    this.#quotas = new QuotaMonitor(marks)
  }

  get violation(): Violation | undefined {
    return this.#violation
  }

  /** Every task that was ever heard of. */
  get tasks(): ReadonlyMap<string, TaskTruth> {
    return this.#tasks
  }

  /** Notes that a rule is broken. */
  broken(invariant: string, detail: string): void {
    this.#violation ??= { invariant, detail }
  }

  addNode(name: string, total: Resources): void {
    this.#books.add(name, total)
  }

  /** What really happened to a task. */
  truth(frameworkId: FrameworkId, taskId: TaskId): TaskTruth {
    const key = taskKey(frameworkId, taskId)
    let truth = this.#tasks.get(key)
    if (truth === undefined) {
      truth = newTruth(frameworkId, taskId)
      this.#tasks.set(key, truth)
    }
    return truth
  }

  /** An agent is about to start a container: it must know of it after a crash. */
  launching(node: string, disk: Disk, spec: ContainerSpec): void {
    if (isCalled(spec)) return this.#calledIs(node, spec, this.called.launching(disk, spec))
    const kind = isExecutor(spec) ? "executor" : "task"
    if (disk.text(`/agent/${kind}/${spec.containerId}`) === undefined)
      this.broken("durable before it leaves", `${node} launches ${spec.task.taskId} unrecorded`)
  }

  /** A container's process runs: a task, or an executor that will run some. */
  spawned(node: string, spec: ContainerSpec): void {
    const { containerId, task } = spec
    if (isCalled(spec)) return this.#calledIs(node, spec, this.called.spawned(node, spec))
    if (isExecutor(spec))
      return this.#takes(node, containerId, { what: task.taskId, resources: EXECUTOR_RESOURCES })
    this.#starts(node, this.#truthOf(spec))
    this.#takes(node, containerId, { what: task.taskId, resources: sizeOf(task) })
  }

  /** A container's process has ended. */
  exited(spec: ContainerSpec, { status, limited }: Ended): void {
    if (isCalled(spec)) return this.called.exited(spec, status)
    if (!isExecutor(spec)) ends(this.#truthOf(spec), { status, limited })
    this.#books.giveBack(spec.containerId)
  }

  /** A custom executor has started a task. */
  taskStarts(node: string, executor: ContainerSpec, task: TaskInfo): void {
    const { taskId } = task
    const frameworkId = frameworkOf(executor)
    this.#starts(node, this.truth(frameworkId, taskId))
    const holder = taskKey(frameworkId, taskId)
    this.#takes(node, holder, { what: taskId, resources: sizeOf(task) })
  }

  /** The container of an executor that starts a task may use what all its tasks need. */
  checkRoom(
    { task }: ContainerSpec,
    { size, needed }: { readonly size: Resources; readonly needed: Resources },
  ): void {
    if (containsResources(bareSum(size), bareSum(needed))) return
    const [has, needs] = [size, needed].map((each) => renderResources(bareSum(each)))
    this.broken(
      "containers grow before their tasks start",
      `${task.taskId} has ${has} for ${needs}`,
    )
  }

  /** A task of a custom executor has ended. */
  taskEnds(executor: ContainerSpec, { taskId }: TaskInfo, status: number | undefined): void {
    const frameworkId = frameworkOf(executor)
    ends(this.truth(frameworkId, taskId), { status })
    this.#books.giveBack(taskKey(frameworkId, taskId))
  }

  /** The executor of a task died before it knew that the agent knows how the task ended. */
  endUntold(executor: ContainerSpec, taskId: TaskId): void {
    const { ended } = this.truth(frameworkOf(executor), taskId)
    if (ended !== undefined) ended.untold = true
  }

  /** An agent tells an executor that it has an update: nobody else may have it. */
  executorHeard(
    disk: Disk,
    executor: ContainerSpec,
    { taskId, uuid }: { readonly taskId: TaskId; readonly uuid: string },
  ): void {
    const frameworkId = frameworkOf(executor)
    const truth = this.truth(frameworkId, taskId)
    if (truth.seen.has(uuid) || truth.told !== undefined || this.#removed.has(frameworkId)) return
    if (disk.text(`/agent/updates/${taskKey(frameworkId, taskId)}`)?.includes(uuid) !== true)
      this.broken("durable before it leaves", `${taskId}'s executor is told of an update too early`)
  }

  /** A framework has itself removed: nobody hears its updates from then on. */
  removing(frameworkId: FrameworkId): void {
    this.#removed.add(frameworkId)
  }

  /** Frames leave an agent. */
  agentSent(node: string, disk: Disk, messages: readonly AgentToMaster[]): void {
    for (const message of messages)
      if (message.kind === "update") this.#told(node, disk, message)
      else if (message.kind === "operationUpdate") this.#noteMade(node, message.status)
  }

  /** Frames leave the master. */
  masterSent(disk: Disk, messages: readonly MasterToAgent[]): void {
    for (const message of messages)
      if (message.kind === "registered" && disk.text(`/agents/${message.agentId}`) === undefined)
        this.broken("durable before it leaves", `${message.agentId} is admitted but not stored`)
  }

  /** A framework is told a status. */
  heard(frameworkId: FrameworkId, status: TaskStatus): void {
    const truth = this.truth(frameworkId, status.taskId)
    const { state, source, uuid = "" } = status
    this.#markState(state)
    if (status.reason === "REASON_AGENT_REREGISTERED") this.#marks.hit("task.foundAgain")
    const known = truth.seen.has(uuid)
    if (uuid !== "") truth.seen.add(uuid)
    if (source === "SOURCE_MASTER") return this.#heardOfMaster(truth, status)
    const before = truth.heard
    // Both say that the task never was there: neither has to know what the other says.
    const agrees =
      before?.source === "SOURCE_MASTER" && NEVER_THERE.has(state) && truth.node === undefined
    if (before !== undefined && before.state !== state && !known && !agrees)
      this.broken(
        "ended tasks stay ended",
        `${status.taskId} was ${before.state} by ${before.source}, then ${state} by its agent`,
      )
    if (isTerminal(state)) truth.heard ??= { state, source }
  }

  /** A framework is told of an operation. */
  operationHeard(frameworkId: FrameworkId, status: OperationStatus): void {
    const problem = this.#operations.heard(frameworkId, status)
    if (problem !== undefined) this.broken("operations have one outcome", problem)
  }

  /** A framework asks for the end of a task. */
  killAsked(frameworkId: FrameworkId, taskId: TaskId): void {
    this.truth(frameworkId, taskId).killAsked = true
  }

  /** A task lives and dies with others: it may be killed though nobody asked for it. */
  inGroup(frameworkId: FrameworkId, taskId: TaskId): void {
    this.killAsked(frameworkId, taskId)
  }

  /** An operator has a node drained, taken down or declared gone. */
  emptying(node: string): void {
    this.#emptying.add(node)
  }

  /** A node is another machine from now on, with nothing on its disk. */
  replaced(node: string): void {
    for (const [key, where] of this.#made) if (where === node) this.#made.delete(key)
    this.called.replaced(node)
  }

  /** Somebody asks for the end of a reservation or of a volume: it may be gone from now on. */
  undoing(resource: Resource): void {
    const key = madeKey(resource)
    if (key !== undefined) this.#undone.add(key)
  }

  /** An agent starts with what its disk says: what was made of it stays until undone. */
  checkMade(node: string, total: Resources): void {
    const keys = new Set(total.flatMap(madeKeys))
    for (const [key, where] of this.#made)
      if (where === node && !keys.has(key) && !this.#undone.has(key))
        this.broken("what was reserved stays", `${node} has lost ${key}`)
  }

  /** A process stopped itself. A disk that fails is a fault; all else is a bug. */
  processFailed(who: string, cause: unknown): void {
    const expected = cause instanceof Error && cause.message === "the disk failed"
    if (expected) return
    const invariant = cause instanceof AssertionError ? "no assertion fails" : "no process fails"
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
    this.broken(invariant, `${who}: ${text}`)
  }

  /** An agent gives up: none has a reason to that no operator wants away. */
  agentExits(node: string, message: string): void {
    this.#marks.hit("agent.turnedAway")
    if (!this.#emptying.has(node)) this.broken("no agent is turned away", `${node}: ${message}`)
  }

  /** The master's books, counted by itself and from its view. */
  checkMaster(driver: MasterDriver): void {
    try {
      driver.checkInvariants()
    } catch (cause) {
      return this.broken("allocated and free are all there is", String(cause))
    }
    for (const agent of driver.view.agents.values()) {
      let left = agent.total
      for (const part of [agent.used, ...[...agent.offers].map(({ resources }) => resources)]) {
        const amount = unallocate(part)
        if (!containsResources(left, amount))
          return this.broken(
            "offers never overlap",
            `${agent.id} is used and offered beyond its total`,
          )
        left = subtractResources(left, amount)
      }
    }
    const beyond = this.#quotas.check(driver.view)
    if (beyond !== undefined) return this.broken("no offer is beyond a limit", beyond)
    const inverse = inverseOffersProblem(driver.view)
    if (inverse !== undefined)
      return this.broken("only what is to be maintained is asked for", inverse)
    return undefined
  }

  /** The outcome of an operation is told: what it made is there from now on. */
  #noteMade(node: string, { state, convertedResources = [] }: OperationStatus): void {
    if (state !== "OPERATION_FINISHED") return
    for (const key of convertedResources.flatMap(madeKeys)) this.#made.set(key, node)
  }

  #calledIs(node: string, { containerId }: ContainerSpec, problem: string | undefined): void {
    if (problem !== undefined)
      this.broken("durable before it leaves", `${node} launches ${containerId} ${problem}`)
  }

  #starts(node: string, truth: TaskTruth): void {
    const { taskId, told, heard } = truth
    if (truth.node !== undefined)
      this.broken("a task id launches at most once", `${taskId} ran on ${truth.node}, then ${node}`)
    if (told !== undefined)
      this.broken("ended tasks stay ended", `${taskId} starts after it was told ${told}`)
    if (heard !== undefined && heard.state !== "TASK_GONE_BY_OPERATOR")
      this.broken("ended tasks stay ended", `${taskId} starts after ${heard.state} was heard`)
    truth.node = node
    truth.running = true
  }

  #takes(
    node: string,
    holder: string,
    { what, resources }: { readonly what: string; readonly resources: Resources },
  ): void {
    if (!this.#books.take(node, holder, resources))
      this.broken("no agent is oversubscribed", `${node} has no room for ${what}, which it starts`)
  }

  #told(node: string, disk: Disk, { frameworkId, status, latestState }: UpdateMessage): void {
    const { taskId, uuid, state } = status
    const truth = this.truth(frameworkId, taskId)
    // One that its framework has seen was stored, and may have been acknowledged since; those of a
    // removed framework are dropped, even between their turn to be sent and the sending.
    const dropped = truth.seen.has(uuid ?? "") || this.#removed.has(frameworkId)
    if (uuid !== undefined && !dropped) {
      const stored = disk.text(`/agent/updates/${frameworkId}/${taskId}`)
      if (stored?.includes(uuid) !== true)
        this.broken("durable before it leaves", `${node} tells ${taskId} ${state} unrecorded`)
    }
    const newest = isTerminal(latestState) ? latestState : undefined
    if (truth.told !== undefined && truth.told !== latestState)
      this.broken("ended tasks stay ended", `${taskId} was ${truth.told}, then ${latestState}`)
    if (isTerminal(state) && state !== latestState)
      this.broken("ended tasks stay ended", `${taskId} tells ${state} but is ${latestState}`)
    if (truth.told === undefined && newest !== undefined) this.#checkEnd(truth, newest)
    if (isTerminal(state)) this.#checkWord(truth, status, node)
    truth.told ??= newest
  }

  /** Whether the end that an agent knows of can have been; its word of that may come later. */
  #checkEnd({ taskId, running, ended }: TaskTruth, state: TaskState): void {
    const wrong = (why: string): void =>
      this.broken("ends are told as they were", `${taskId} ${state}: ${why}`)
    if (running) wrong("its container runs")
    if (state === "TASK_FINISHED" && ended?.status !== 0) wrong("its container did not end well")
  }

  /** Whether that is how the task ended, in the agent's words. */
  #checkWord(truth: TaskTruth, { state, healthy, reason }: TaskStatus, node: string): void {
    const { taskId, ended, killAsked } = truth
    const wrong = (why: string): void =>
      this.broken("ends are told as they were", `${taskId} ${state}: ${why}`)
    const wanted = killAsked || this.#emptying.has(node)
    if (state === "TASK_KILLED" && !wanted && healthy !== false) wrong("nobody asked for it")
    // Members of a group share the limit, and end with one that has reached it.
    const isOut = reason === OUT_OF_MEMORY.reason
    if (ended?.limited === true && !isOut) wrong("its memory was used up")
    if (ended?.limited === false && isOut && !killAsked) wrong("its memory was not used up")
    const endedWell = ended?.status === 0 && ended.untold !== true && !(isOut && killAsked)
    if (state === "TASK_FAILED" && endedWell) wrong("its container ended well")
  }

  /** The master speaks from what it knows: only some of its words are final. */
  #heardOfMaster(truth: TaskTruth, { state, reason }: TaskStatus): void {
    // Without PARTITION_AWARE, lost means out of sight; a reconciliation repeats an agent's word.
    const final = FINAL_FROM_MASTER.has(state)
    if (!final || (reason === "REASON_RECONCILIATION" && truth.told === state)) return
    // Somebody vouched that the agent is no more: what it still runs is never heard of again.
    const vouched = state === "TASK_GONE_BY_OPERATOR"
    if (truth.heard === undefined && truth.running && !vouched)
      this.broken("ended tasks stay ended", `${truth.taskId} is ${state} to the master, but runs`)
    // An answer may repeat what was told, or forget an end that was acknowledged long ago.
    if (reason !== "REASON_RECONCILIATION") this.#heardUnasked(truth, state)
    truth.heard ??= { state, source: "SOURCE_MASTER" }
  }

  /** What the master tells of its own accord is news: it happens once, and to tasks that have not ended. */
  #heardUnasked(truth: TaskTruth, state: TaskState): void {
    const { taskId, heard } = truth
    if (heard?.source === "SOURCE_EXECUTOR" || heard?.source === "SOURCE_AGENT")
      this.broken("ended tasks stay ended", `${taskId} was ${heard.state}, then ${state}`)
    if (state !== "TASK_GONE_BY_OPERATOR") return
    if (truth.vouched === true) this.broken("gone is told once", taskId)
    truth.vouched = true
  }

  #truthOf(spec: ContainerSpec): TaskTruth {
    return this.truth(frameworkOf(spec), spec.task.taskId)
  }

  #markState(state: TaskState): void {
    if (state === "TASK_FINISHED") this.#marks.hit("task.finished")
    if (state === "TASK_FAILED") this.#marks.hit("task.failed")
    if (state === "TASK_KILLED") this.#marks.hit("task.killed")
    if (state === "TASK_DROPPED" || state === "TASK_GONE") this.#marks.hit("task.dropped")
    if (state === "TASK_GONE_BY_OPERATOR") this.#marks.hit("task.goneByOperator")
    if (state === "TASK_UNREACHABLE") this.#marks.hit("task.unreachable")
  }
}

/** The resource as it is without reservation and volume. */
function bare(resource: Resource): Resource {
  const { disk: _, ...rest } = resource
  return { ...rest, reservations: [] }
}

/** What a container takes of what its node has, whatever was reserved or made of that. */
const sizeOf = ({ resources }: TaskInfo): Resources => bareSum(resources ?? [])

/** All that these resources are, whatever was reserved or made of them. */
const bareSum = (resources: Resources): Resources =>
  normalizeResources(unallocate(resources).map(bare))

/** How a container ended: its wait status, and whether its memory was used up. */
type Ended = { readonly status: number | undefined; readonly limited?: boolean | undefined }

function ends(truth: TaskTruth, ended: Ended): void {
  truth.running = false
  truth.ended = ended
}

/** What tells a reservation, or a volume, from all others: no two are ever given the same. */
const madeKey = ({ disk, reservations }: Resource): string | undefined => {
  const labels = reservations.at(-1)?.labels?.labels
  return disk?.persistence?.id ?? labels?.find(({ key }) => key === "made")?.value
}

/** The volume, and the reservation that it is made of. */
const madeKeys = (resource: Resource): readonly string[] =>
  [madeKey(resource), madeKey({ ...resource, disk: undefined })].filter((key) => key !== undefined)
