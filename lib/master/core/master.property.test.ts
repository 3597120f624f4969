/**
 * A small world around the bare master: agents that run what they are told, schedulers that launch,
 * kill, reserve and make volumes, operators, links that break with messages on them, masters that die.
 * Invariants after every step.
 */
import { describe, expect, test } from "bun:test"
import {
  addResources,
  applyOperation,
  containsResources,
  NO_RESOURCES,
  exclusive,
  normalizeResources,
  shared,
  subtractResources,
  unallocate,
  type AgentId,
  type AgentToMaster,
  type ApplyOperationMessage,
  type FrameworkId,
  type FrameworkInfo,
  type MasterToAgent,
  type Offer,
  type Operation,
  type Resource,
  type ResourceOperation,
  type Resources,
  type Task,
  type TaskId,
  type TaskInfo,
  type TaskState,
} from "#lib/mesos/index.ts"
import { Random } from "#lib/std/random.ts"
import { named, reserved } from "./operations/builders.ts"
import { frameworkInfo, registration, resources, taskInfo } from "./builders.ts"
import { Master } from "./master.ts"
import { isTerminal } from "./task-states.ts"
import type {
  CallInput,
  LinkId,
  MasterEffect,
  MasterInput,
  OperatorCall,
  RequestId,
  StreamId,
} from "./types.ts"

const TOTAL = resources("cpus:4;mem:1024;disk:100")

/** Every capability that matters here. */
const CAPABILITIES = [
  "MULTI_ROLE",
  "PARTITION_AWARE",
  "RESERVATION_REFINEMENT",
  "SHARED_RESOURCES",
] as const

/** Whether all of it is there; a shared volume any number of times, unless `used` has it. */
const has = (there: Resources, used: Resources, needed: Resources): boolean =>
  containsResources(there, exclusive(needed)) &&
  shared(needed).every(
    (volume) => containsResources(there, [volume]) && !containsResources(shared(used), [volume]),
  )

type RunningTask = {
  readonly info: Task
  state: TaskState
  /** The status that waits for its acknowledgement. */
  pending: { readonly state: TaskState; readonly uuid: string } | undefined
}

/** An agent that keeps its tasks across broken links, and statuses until they are acknowledged. */
class AgentModel {
  readonly hostname: string
  /** All it has, with the operations so far. */
  total = TOTAL
  /** Operations whose outcome is not acknowledged, by uuid. */
  readonly operations = new Map<string, Operation>()
  id: AgentId | undefined
  link: LinkId | undefined
  readonly tasks = new Map<string, RunningTask>()
  readonly frameworks = new Map<FrameworkId, FrameworkInfo>()
  serial = 0

  constructor(hostname: string) {
    this.hostname = hostname
  }

  receive(message: MasterToAgent): AgentToMaster[] {
    switch (message.kind) {
      case "registered": {
        this.id = message.agentId
        const missing = message.reconcile.filter(
          ({ frameworkId, taskId }) => !this.tasks.has(`${frameworkId}/${taskId}`),
        )
        return missing.map(({ frameworkId, taskId }) => this.#drop(frameworkId, taskId))
      }
      case "ping":
        return [{ kind: "pong", sequence: message.sequence }]
      case "runTask":
        return this.#run(message.framework, message.task)
      case "killTask": {
        const key = `${message.frameworkId}/${message.taskId}`
        return this.tasks.has(key) ? this.move(key, "TASK_KILLED") : []
      }
      case "acknowledge": {
        const key = `${message.frameworkId}/${message.taskId}`
        const task = this.tasks.get(key)
        if (task?.pending?.uuid !== message.uuid) return []
        const acknowledged = task.pending.state
        task.pending = undefined
        if (isTerminal(acknowledged)) this.tasks.delete(key)
        return acknowledged === task.state ? [] : [this.report(task)]
      }
      case "applyOperation":
        return [this.#operate(message)]
      case "acknowledgeOperation":
        for (const [key, { latestStatus }] of this.operations)
          if (latestStatus.uuid?.value === message.uuid) this.operations.delete(key)
        return []
      case "shutdownFramework":
        this.frameworks.delete(message.frameworkId)
        for (const [key, task] of this.tasks)
          if (task.info.frameworkId === message.frameworkId) this.tasks.delete(key)
        return []
      default:
        return []
    }
  }

  /** Applies an operation once, however often it comes; now and then the disk fails. */
  #operate({ uuid, frameworkId, operationId, operation }: ApplyOperationMessage): AgentToMaster {
    const before = this.operations.get(uuid)
    if (before !== undefined) return this.outcome(before)
    const serial = this.serial++
    const applied = applyOperation(this.total, operation as ResourceOperation)
    const free = subtractResources(this.total, exclusive(this.#used()))
    const isDone =
      serial % 13 !== 0 && applied.ok && has(free, this.#used(), applied.value.consumed)
    if (isDone) this.total = applied.value.resources
    const told: Operation = {
      frameworkId,
      info: operation,
      uuid: { value: uuid },
      latestStatus: {
        operationId,
        state: isDone ? "OPERATION_FINISHED" : "OPERATION_FAILED",
        uuid: { value: `operation-${this.hostname}-${serial}` },
      },
    }
    this.operations.set(uuid, told)
    return this.outcome(told)
  }

  outcome({ frameworkId, uuid, latestStatus: status }: Operation): AgentToMaster {
    return { kind: "operationUpdate", frameworkId, operationUuid: uuid.value, status }
  }

  /** What its tasks use. */
  #used(): Resources {
    let used = NO_RESOURCES
    for (const { info, state } of this.tasks.values())
      if (!isTerminal(state))
        used = addResources(used, unallocate(normalizeResources(info.resources ?? [])))
    return used
  }

  /** Answers for a task it never got; also this status is repeated until it is acknowledged. */
  #drop(frameworkId: FrameworkId, taskId: TaskId): AgentToMaster {
    const info: Task = { name: "", taskId, frameworkId, agentId: this.id!, state: "TASK_DROPPED" }
    const task: RunningTask = { info, state: "TASK_DROPPED", pending: undefined }
    this.tasks.set(`${frameworkId}/${taskId}`, task)
    return this.report(task)
  }

  #run(framework: FrameworkInfo, info: TaskInfo): AgentToMaster[] {
    const frameworkId = framework.id!
    const key = `${frameworkId}/${info.taskId}`
    expect(this.tasks.has(key)).toBe(false)
    this.frameworks.set(frameworkId, framework)
    const free = subtractResources(this.total, exclusive(this.#used()))
    if (!has(free, NO_RESOURCES, unallocate(normalizeResources(info.resources ?? []))))
      return [this.#drop(frameworkId, info.taskId)]
    const { name, taskId, agentId, resources } = info
    const task: Task = { name, taskId, agentId, resources, frameworkId, state: "TASK_STAGING" }
    this.tasks.set(key, { info: task, state: "TASK_STAGING", pending: undefined })
    return this.move(key, "TASK_RUNNING")
  }

  /** The task changes its state; the status waits until the one before it is acknowledged. */
  move(key: string, state: TaskState): AgentToMaster[] {
    const task = this.tasks.get(key)!
    if (isTerminal(task.state)) return []
    task.state = state
    return task.pending === undefined ? [this.report(task)] : []
  }

  /** A new status of what the task is now. */
  report(task: RunningTask): AgentToMaster {
    task.pending = { state: task.state, uuid: `uuid-${this.hostname}-${this.serial++}` }
    return this.status(task, task.pending)
  }

  /** The statuses that are not acknowledged, once more. */
  repeats(): AgentToMaster[] {
    const statuses = [...this.tasks.values()].flatMap((task) =>
      task.pending === undefined ? [] : [this.status(task, task.pending)],
    )
    return [...[...this.operations.values()].map((each) => this.outcome(each)), ...statuses]
  }

  status(
    { info: { frameworkId, taskId }, state: latestState }: RunningTask,
    pending: { readonly state: TaskState; readonly uuid: string },
  ): AgentToMaster {
    const status = { taskId, agentId: this.id, ...pending }
    return { kind: "update", frameworkId, latestState, status }
  }

  register(): AgentToMaster {
    return registration({
      agentId: this.id,
      info: { hostname: this.hostname, resources: TOTAL },
      checkpointedResources: this.total,
      operations: [...this.operations.values()],
      frameworks: [...this.frameworks.values()],
      tasks: [...this.tasks.values()].map(({ info, state }) => ({ ...info, state })),
    })
  }

  /** Everything that holds resources fits into what the agent has. */
  check(): void {
    expect(has(this.total, NO_RESOURCES, this.#used())).toBe(true)
  }
}

type SchedulerModel = {
  readonly name: string
  id: FrameworkId | undefined
  stream: StreamId | undefined
  offers: Offer[]
  readonly live: Set<TaskId>
  readonly ended: Set<TaskId>
}

class World {
  readonly random: Random
  readonly store = new Map<string, unknown>()
  readonly agents: AgentModel[]
  readonly schedulers: SchedulerModel[]
  readonly launchedOn = new Map<string, AgentId>()
  master: Master
  now = 1_000_000
  alarmAt: number | undefined
  serial = 0
  lives = 0
  /** Messages on their way: order is kept per link and direction, and lost with the link. */
  toAgents: { link: LinkId; message: MasterToAgent }[] = []
  toMaster: { link: LinkId; message: AgentToMaster }[] = []

  constructor(seed: number) {
    this.random = new Random(seed)
    this.agents = ["a1", "a2", "a3"].map((hostname) => new AgentModel(hostname))
    this.schedulers = ["web", "db"].map((name) => ({
      name,
      id: undefined,
      stream: undefined,
      offers: [],
      live: new Set<TaskId>(),
      ended: new Set<TaskId>(),
    }))
    this.master = this.boot()
  }

  boot(): Master {
    const info = { id: `M${this.lives++}`, ip: 0, port: 5050 }
    const master = Master.recover({ info, seed: this.lives }, [...this.store], this.now)
    if (!master.ok) throw new Error(master.error.message)
    this.alarmAt = this.now
    return master.value
  }

  feed(input: MasterInput): void {
    const out: MasterEffect[] = []
    this.master.step(input, this.now, out)
    this.master.checkInvariants()
    for (const effect of out) this.perform(effect)
  }

  perform(effect: MasterEffect): void {
    switch (effect.kind) {
      case "put":
        this.store.set(effect.key, JSON.parse(JSON.stringify(effect.value)))
        return
      case "delete":
        this.store.delete(effect.key)
        return
      case "wakeAt":
        this.alarmAt = effect.at
        return
      case "send":
        this.toAgents.push(effect)
        return
      case "closeLink": {
        const agent = this.agents.find(({ link }) => link === effect.link)
        if (agent !== undefined) this.breakLink(agent)
        return
      }
      case "closeStream": {
        const scheduler = this.schedulers.find(({ stream }) => stream === effect.stream)
        if (scheduler !== undefined) scheduler.stream = undefined
        return
      }
      case "event":
        return this.onEvent(effect)
      default:
    }
  }

  onEvent({ stream, event }: Extract<MasterEffect, { kind: "event" }>): void {
    const scheduler = this.schedulers.find((each) => each.stream === stream)
    if (scheduler === undefined) return
    if (event.kind === "subscribed") {
      scheduler.id = event.frameworkId
      scheduler.offers = []
    } else if (event.kind === "offers") {
      const known = new Set(scheduler.offers.map(({ id }) => id))
      for (const offer of event.offers ?? []) {
        expect(known.has(offer.id)).toBe(false)
        scheduler.offers.push(offer)
      }
    } else if (event.kind === "rescind")
      scheduler.offers = scheduler.offers.filter(({ id }) => id !== event.offerId)
    else if (event.kind === "error") scheduler.id = undefined
    else if (event.kind === "updateOperationStatus") {
      const { operationId, uuid, agentId } = event.status
      if (uuid !== undefined)
        this.pendingCalls.push(() =>
          this.call(scheduler, {
            kind: "acknowledgeOperationStatus",
            agentId,
            uuid: uuid.value,
            operationId: operationId!,
          }),
        )
    } else if (event.kind === "update") {
      const { taskId, state, uuid, agentId } = event.status
      if (isTerminal(state) && state !== "TASK_LOST") {
        scheduler.live.delete(taskId)
        scheduler.ended.add(taskId)
      }
      if (uuid !== undefined)
        this.pendingCalls.push(() =>
          this.call(scheduler, { kind: "acknowledge", agentId: agentId!, taskId, uuid }),
        )
    }
  }

  readonly pendingCalls: (() => void)[] = []

  call(scheduler: SchedulerModel, call: CallInput["call"]): void {
    if (scheduler.stream === undefined || scheduler.id === undefined) return
    const request = this.serial++ as RequestId
    const { stream, id: frameworkId } = scheduler
    this.feed({ kind: "call", request, stream, frameworkId, call })
  }

  breakLink(agent: AgentModel): void {
    const { link } = agent
    if (link === undefined) return
    agent.link = undefined
    this.toAgents = this.toAgents.filter((each) => each.link !== link)
    this.toMaster = this.toMaster.filter((each) => each.link !== link)
  }

  /** Messages and acknowledgements go through; each is followed by what it causes. */
  deliver(limit: number): void {
    for (let i = 0; i < limit; i++) {
      const down = this.toAgents.shift()
      if (down !== undefined) {
        const agent = this.agents.find(({ link }) => link === down.link)
        if (down.message.kind === "runTask") this.onLaunch(down.message.task)
        for (const message of agent?.receive(down.message) ?? [])
          this.toMaster.push({ link: down.link, message })
        agent?.check()
      }
      const up = this.toMaster.shift()
      if (up !== undefined) this.feed({ kind: "linkMessage", ...up })
      this.pendingCalls.shift()?.()
    }
  }

  onLaunch(task: TaskInfo): void {
    expect(this.launchedOn.has(task.taskId)).toBe(false)
    this.launchedOn.set(task.taskId, task.agentId)
  }
}

/** What may happen, by name, so that a failing seed can be read. */
const EVENTS: Readonly<Record<string, (world: World) => void>> = {
  messagesArrive: (world) => world.deliver(world.random.below(10)),
  agentConnects: (world) => {
    const agent = world.random.pick(world.agents)
    if (agent.link !== undefined) return
    agent.link = `L${world.serial++}` as LinkId
    world.feed({ kind: "linkOpened", link: agent.link, address: "10.0.0.1" })
    world.toMaster.push({ link: agent.link, message: agent.register() })
    for (const message of agent.repeats()) world.toMaster.push({ link: agent.link, message })
  },
  linkBreaks: (world) => {
    const agent = world.random.pick(world.agents)
    if (agent.link === undefined || world.random.chance(0.6)) return
    const { link } = agent
    world.breakLink(agent)
    world.feed({ kind: "linkClosed", link })
  },
  schedulerSubscribes: (world) => {
    const scheduler = world.random.pick(world.schedulers)
    if (scheduler.stream !== undefined && world.random.chance(0.8)) return
    scheduler.stream = `S${world.serial++}` as StreamId
    const { id, name, stream } = scheduler
    const info = frameworkInfo({
      name,
      roles: [name],
      caps: CAPABILITIES,
      ...(id === undefined ? {} : { id }),
    })
    world.feed({ kind: "subscribe", stream, frameworkId: id, subscribe: { frameworkInfo: info } })
  },
  streamBreaks: (world) => {
    const { stream, ...rest } = world.random.pick(world.schedulers)
    if (stream === undefined || world.random.chance(0.6)) return
    const scheduler = world.schedulers.find(({ name }) => name === rest.name)!
    scheduler.stream = undefined
    world.feed({ kind: "streamClosed", stream })
  },
  launches: (world) => {
    const scheduler = world.random.pick(world.schedulers)
    const offer = scheduler.offers.shift()
    if (offer === undefined) return
    const count = 1 + world.random.below(3)
    const taskInfos = Array.from({ length: count }, () =>
      taskInfo(`t${world.serial++}`, offer.agentId),
    )
    for (const { taskId } of taskInfos) scheduler.live.add(taskId)
    const operations = [{ kind: "launch", taskInfos }] as const
    const filters = { refuseSeconds: world.random.below(3) }
    // Now and then the same acceptance arrives twice.
    const accept = { kind: "accept", offerIds: [offer.id], operations, filters } as const
    world.call(scheduler, accept)
    if (world.random.chance(0.1)) world.call(scheduler, accept)
  },
  operates: (world) => {
    const scheduler = world.random.pick(world.schedulers)
    const offer = scheduler.offers.shift()
    if (offer === undefined) return
    const operations = Array.from({ length: 1 + world.random.below(3) }, () =>
      anyOperation(world, scheduler.name, offer.resources ?? []),
    )
    const taskInfos = [
      {
        ...taskInfo(`t${world.serial++}`, offer.agentId),
        resources: [
          ...resources("mem:64"),
          ...(world.random.chance(0.5) ? reserved("cpus:1", scheduler.name) : []),
          ...(offer.resources ?? []).filter((resource) => resource.shared),
        ],
      },
    ]
    for (const { taskId } of taskInfos) scheduler.live.add(taskId)
    const launch = { kind: "launch", taskInfos } as const
    const filters = { refuseSeconds: world.random.below(3) }
    world.call(scheduler, {
      kind: "accept",
      offerIds: [offer.id],
      operations: world.random.chance(0.5) ? [...operations, launch] : operations,
      filters,
    })
  },
  operatorOperates: (world) => {
    const agent = world.random.pick([...world.master.view.agents.values()])
    if (agent === undefined || world.random.chance(0.7)) return
    const { name } = world.random.pick(world.schedulers)
    const operation = anyOperation(world, name, agent.total)
    const call = operatorCall(agent.id, operation)
    const request = world.serial++ as RequestId
    if (call !== undefined) world.feed({ kind: "operate", request, call })
  },
  reconcilesOperations: (world) =>
    world.call(world.random.pick(world.schedulers), { kind: "reconcileOperations" }),
  declines: (world) => {
    const scheduler = world.random.pick(world.schedulers)
    const offer = scheduler.offers.shift()
    if (offer !== undefined) world.call(scheduler, { kind: "decline", offerIds: [offer.id] })
  },
  revives: (world) => world.call(world.random.pick(world.schedulers), { kind: "revive" }),
  suppresses: (world) => {
    if (world.random.chance(0.2))
      world.call(world.random.pick(world.schedulers), { kind: "suppress" })
  },
  kills: (world) => {
    const scheduler = world.random.pick(world.schedulers)
    const [taskId] = scheduler.live
    if (taskId !== undefined) world.call(scheduler, { kind: "kill", taskId })
  },
  taskEnds: (world) => {
    const agent = world.random.pick(world.agents)
    const [key] = agent.tasks.keys()
    if (key === undefined) return
    const messages = agent.move(key, world.random.pick(["TASK_FINISHED", "TASK_FAILED"]))
    const { link } = agent
    if (link !== undefined) for (const message of messages) world.toMaster.push({ link, message })
  },
  statusesRepeat: (world) => {
    const agent = world.random.pick(world.agents)
    const { link } = agent
    if (link === undefined) return
    for (const message of agent.repeats()) world.toMaster.push({ link, message })
  },
  timePasses: (world) => {
    const end = world.now + world.random.below(world.random.chance(0.1) ? 100_000 : 5_000)
    while (world.alarmAt !== undefined && world.alarmAt <= end) {
      world.now = Math.max(world.now, world.alarmAt)
      world.alarmAt = undefined
      world.feed({ kind: "wake" })
      if (world.random.chance(0.8)) world.deliver(20)
    }
    world.now = end
  },
  masterDies: (world) => {
    if (world.random.chance(0.85)) return
    for (const agent of world.agents) world.breakLink(agent)
    for (const scheduler of world.schedulers) {
      scheduler.stream = undefined
      scheduler.offers = []
    }
    world.pendingCalls.length = 0
    const before = admitted(world.master)
    world.master = world.boot()
    world.master.checkInvariants()
    expect(admitted(world.master)).toEqual(before)
  },
}

/** What must survive the master: who is admitted, and who is unreachable since when. */
const admitted = ({ view }: Master) => ({
  expected: [...view.agents.keys(), ...view.recoveredAgents.keys()].sort(byText),
  unreachable: [...view.unreachableAgents.values()]
    .map(({ id, unreachableAt }) => `${id} ${unreachableAt}`)
    .sort(byText),
})

const byText = (a: string, b: string): number => (a < b ? -1 : 1)

/** An operation that what is there allows, or, now and then, does not. */
function anyOperation(world: World, role: string, there: Resources): ResourceOperation {
  const { random } = world
  const mine = unallocate(there).filter(({ reservations }) => reservations.at(-1)?.role === role)
  const volumes = mine.filter(({ disk }) => disk?.persistence !== undefined)
  const plain = mine.filter(({ disk }) => disk?.persistence === undefined)
  const disk = plain.find(({ name }) => name === "disk")
  const fresh: Resource = {
    ...reserved("disk:10", role)[0]!,
    disk: {
      persistence: { id: `v${world.serial++}` },
      volume: { containerPath: "data", mode: "RW" },
    },
    ...(random.chance(0.5) ? { shared: true } : {}),
  }
  const choices: ResourceOperation[] = [
    { kind: "reserve", resources: reserved(random.pick(["cpus:1;disk:20", "disk:15"]), role) },
    { kind: "create", volumes: [fresh] },
  ]
  if (plain.length > 0) choices.push({ kind: "unreserve", resources: [random.pick(plain)] })
  const [volume] = volumes
  if (volume !== undefined) {
    choices.push({ kind: "destroy", volumes: [volume] })
    choices.push({ kind: "shrinkVolume", volume, subtract: { value: 1 } })
    if (disk !== undefined)
      choices.push({ kind: "growVolume", volume, addition: reserved("disk:1", role)[0]! })
  }
  const operation = random.pick(choices)
  return random.chance(0.5) ? named(`op${world.serial++}`, operation) : operation
}

function operatorCall(agentId: AgentId, operation: ResourceOperation): OperatorCall | undefined {
  switch (operation.kind) {
    case "reserve":
      return { ...operation, kind: "reserveResources", agentId }
    case "unreserve":
      return { ...operation, kind: "unreserveResources", agentId }
    case "create":
      return { ...operation, kind: "createVolumes", agentId }
    case "destroy":
      return { ...operation, kind: "destroyVolumes", agentId }
    case "growVolume":
    case "shrinkVolume":
      return { ...operation, agentId }
    default:
      return undefined
  }
}

describe("any sequence of events", () => {
  test.each(Array.from({ length: 60 }, (_, seed) => seed))("seed %d", (seed) => {
    const world = new World(seed)
    const names = Object.keys(EVENTS)
    for (let step = 0; step < 400; step++) EVENTS[world.random.pick(names)]!(world)
    settle(world)
    // Once nothing fails any more, both sides agree about all resources, and every task.
    // An agent whose confirmation was lost came as a new one; its first id has nobody behind it.
    const live = new Set(world.agents.map(({ id }) => id))
    const operations = [...world.master.view.operations.values()]
    expect(operations.filter(({ agentId }) => live.has(agentId))).toEqual([])
    for (const agent of world.agents)
      expect(world.master.view.agents.get(agent.id!)?.total).toEqual(agent.total)
    for (const agent of world.agents)
      for (const { info, state } of agent.tasks.values()) {
        const framework = world.master.view.frameworks.get(info.frameworkId)
        const task = framework?.tasks.get(info.taskId)
        expect([info.taskId, task?.agentId, task?.state]).toEqual([info.taskId, agent.id, state])
      }
    for (const framework of world.master.view.frameworks.values())
      for (const task of framework.tasks.values())
        expect(
          world.agents.some((agent) => agent.tasks.has(`${framework.id}/${task.taskId}`)),
        ).toBe(true)
  })
})

/** Everybody connects, and all that is under way arrives. */
function settle(world: World): void {
  for (let round = 0; round < 40; round++) {
    for (const agent of world.agents) if (agent.link === undefined) connect(world, agent)
    for (const scheduler of world.schedulers)
      if (scheduler.stream === undefined) {
        scheduler.stream = `S${world.serial++}` as StreamId
        const { id, name, stream } = scheduler
        const info = frameworkInfo({
          name,
          roles: [name],
          caps: CAPABILITIES,
          ...(id === undefined ? {} : { id }),
        })
        world.feed({
          kind: "subscribe",
          stream,
          frameworkId: id,
          subscribe: { frameworkInfo: info },
        })
      }
    world.deliver(100)
    for (const agent of world.agents) {
      const { link } = agent
      if (link === undefined) continue
      for (const message of agent.repeats()) world.toMaster.push({ link, message })
    }
  }
  world.deliver(400)
}

function connect(world: World, agent: AgentModel): void {
  agent.link = `L${world.serial++}` as LinkId
  world.feed({ kind: "linkOpened", link: agent.link, address: "10.0.0.1" })
  world.toMaster.push({ link: agent.link, message: agent.register() })
}
