import { connect } from "node:net"
import type { Socket } from "node:net"
import {
  parseResources,
  type AgentId,
  type AgentToMaster,
  type FrameworkId,
} from "#lib/mesos/index.ts"
import type { FrameworkInfo, MasterToAgent, Offer, Task, TaskId } from "#lib/mesos/index.ts"
import type { Resources, TaskInfo, TaskState, TaskStatus, scheduler } from "#lib/mesos/index.ts"
import type { OtherCall } from "#lib/master/index.ts"
import {
  encodeFrame,
  FrameWriter,
  readFrames,
  type FromMaster,
  type Question,
  type ToMaster,
} from "./frames.ts"
import type { ScaleSize } from "./sizes.ts"

/** Tasks that a framework launches on one offer: some three frameworks share each agent. */
const TASKS_PER_OFFER = 3

/** How long a framework that has all its tasks wants to hear of no more resources: a day. */
const REFUSE_SECONDS = 86_400

function resources(text: string): Resources {
  const parsed = parseResources(text)
  if (!parsed.ok) throw new Error(text)
  return parsed.value
}

const AGENT_RESOURCES = resources("cpus:32;mem:131072;disk:1000000;ports:[31000-32000]")

/** An agent with the tasks it was given, as it would tell them when it registers again. */
type SimulatedAgent = {
  readonly link: number
  id: AgentId | undefined
  readonly frameworks: Map<FrameworkId, FrameworkInfo>
  readonly tasks: Map<TaskId, Task>
}

/** A framework that launches its share of the tasks and then wants nothing more. */
type SimulatedFramework = {
  readonly stream: number
  readonly role: string
  /** How many tasks it launches in all. */
  share: number
  readonly held: Offer[]
  id: FrameworkId | undefined
  launched: number
}

/** Counts of what the cluster has seen so far. */
export type ClusterCounts = {
  registered: number
  running: number
  acknowledged: number
  offers: number
  refused: number
}

/**
 * All agents and frameworks of a large cluster, played from this process over one socket. Agents keep
 * their tasks, so that they can register again with a master that starts anew.
 */
export class SimulatedCluster {
  readonly #agents: SimulatedAgent[]
  readonly #frameworks: SimulatedFramework[]
  readonly #answers = new Map<number, (value: unknown) => void>()
  #writer: FrameWriter<ToMaster> | undefined
  #socket: Socket | undefined
  readonly #patient: boolean
  #registrations: readonly string[] = []
  #serial = 0
  #asked = 0
  counts: ClusterCounts = noCounts()

  constructor({ agents, tasks, frameworks, roles, patient }: ScaleSize) {
    this.#agents = Array.from({ length: agents }, (_, link) => ({
      link,
      id: undefined,
      frameworks: new Map(),
      tasks: new Map(),
    }))
    this.#frameworks = Array.from({ length: frameworks }, (_, stream) => ({
      stream,
      role: `role-${stream % roles}`,
      share:
        Math.ceil((tasks * (stream + 1)) / frameworks) - Math.ceil((tasks * stream) / frameworks),
      id: undefined,
      held: [],
      launched: 0,
    }))
    if (patient) for (const framework of this.#frameworks) framework.share = 0
    this.#patient = patient === true
  }

  /** Connects to the master behind this Unix socket; nobody has registered there yet. */
  connect(path: string): Promise<void> {
    this.counts = noCounts()
    return new Promise((resolve, reject) => {
      const socket = connect(path, resolve)
      socket.on("error", reject)
      this.#socket = socket
      this.#writer = new FrameWriter(socket)
      readFrames<FromMaster>(socket, (frame) => this.#receive(frame))
    })
  }

  disconnect(): void {
    this.#socket?.destroy()
  }

  /** Every framework subscribes; one that was there before under the id it had. */
  subscribeAll(): void {
    for (const framework of this.#frameworks) this.#subscribe(framework)
  }

  /**
   * Writes down what every agent says when it registers, with all it runs: work that in a cluster is
   * done by 30,000 machines at once, and not by the one that the master runs on.
   */
  prepareRegistrations(): void {
    this.#registrations = this.#agents.flatMap((agent) =>
      registrationFrames(agent).map((frame) => encodeFrame(frame)),
    )
  }

  /** Every agent registers, as prepared. */
  registerAll(): void {
    for (const line of this.#registrations) this.#writer?.writeLine(line)
    this.#registrations = []
  }

  /** Patient frameworks launch so many tasks more, together. */
  launch(tasks: number): void {
    for (const framework of this.#frameworks) {
      framework.share += tasks / this.#frameworks.length
      for (const offer of framework.held.splice(0)) this.#take(framework, offer)
    }
  }

  /** Asks the process under test for a figure. */
  ask(what: Question): Promise<unknown> {
    const id = ++this.#asked
    const { promise, resolve } = Promise.withResolvers<unknown>()
    this.#answers.set(id, resolve)
    this.#send({ kind: "ask", id, what })
    return promise
  }

  /** The agents send `count` more updates of tasks that run, which are acknowledged as ever. */
  repeatUpdates(count: number): void {
    for (let sent = 0; sent < count;) {
      const agent = this.#agents[this.#serial++ % this.#agents.length]
      if (agent?.id === undefined) continue
      for (const task of agent.tasks.values()) {
        if (sent++ >= count) break
        this.#say(agent, [this.#update(agent, task, "TASK_RUNNING")])
      }
    }
  }

  #send(frame: ToMaster): void {
    this.#writer?.write(frame)
  }

  #say(agent: SimulatedAgent, messages: readonly AgentToMaster[]): void {
    this.#send({ kind: "agent", link: agent.link, messages })
  }

  #subscribe({ stream, role, id }: SimulatedFramework): void {
    const frameworkInfo: FrameworkInfo = {
      id,
      user: "svc",
      name: `framework-${stream}`,
      principal: `svc-${stream}`,
      webuiUrl: `http://10.1.0.${stream}:8080`,
      hostname: `h${stream}.example.com`,
      failoverTimeout: 604_800,
      checkpoint: true,
      roles: [role],
      capabilities: [{ type: "MULTI_ROLE" }, { type: "PARTITION_AWARE" }],
    }
    this.#send({
      kind: "subscribe",
      stream,
      request: { frameworkId: id, subscribe: { frameworkInfo } },
    })
  }

  #receive(frame: FromMaster): void {
    switch (frame.kind) {
      case "agent": {
        const agent = this.#agents[frame.link]
        if (agent !== undefined)
          for (const message of frame.messages) this.#onMessage(agent, message)
        return
      }
      case "events": {
        const framework = this.#frameworks[frame.stream]
        if (framework !== undefined)
          for (const event of frame.events) this.#onEvent(framework, event)
        return
      }
      case "refused":
        this.counts.refused++
        return console.error(`refused: ${frame.status} ${frame.message}`)
      case "reply":
        this.#answers.get(frame.id)?.(frame.value)
        return void this.#answers.delete(frame.id)
      default:
        return frame satisfies never
    }
  }

  #onMessage(agent: SimulatedAgent, message: MasterToAgent): void {
    switch (message.kind) {
      case "registered":
        agent.id = message.agentId
        this.counts.registered++
        return
      case "ping":
        return this.#say(agent, [{ kind: "pong", sequence: message.sequence }])
      case "runTask":
        return this.#run(agent, message)
      case "acknowledge":
        this.counts.acknowledged++
        return
      default:
        return
    }
  }

  #run(
    agent: SimulatedAgent,
    { framework, task: info }: Extract<MasterToAgent, { readonly kind: "runTask" }>,
  ): void {
    const frameworkId = framework.id as FrameworkId
    if (!agent.frameworks.has(frameworkId)) agent.frameworks.set(frameworkId, framework)
    const task: Task = {
      name: info.name,
      taskId: info.taskId,
      frameworkId,
      agentId: info.agentId,
      state: "TASK_RUNNING",
      resources: info.resources,
      labels: info.labels,
      container: info.container,
      discovery: info.discovery,
      user: "svc",
    }
    const updates = [
      this.#update(agent, task, "TASK_STARTING"),
      this.#update(agent, task, "TASK_RUNNING"),
    ]
    const { status } = updates[1] as Extract<AgentToMaster, { readonly kind: "update" }>
    const running = { ...task, statuses: [status], statusUpdateState: status.state }
    agent.tasks.set(task.taskId, running)
    this.#say(agent, updates)
  }

  #update(agent: SimulatedAgent, task: Task, state: TaskState): AgentToMaster {
    const uuid = Buffer.alloc(16)
    uuid.writeUInt32BE(++this.#serial)
    const status: TaskStatus = {
      taskId: task.taskId,
      agentId: task.agentId,
      state,
      source: "SOURCE_EXECUTOR",
      timestamp: Date.now() / 1000,
      uuid: uuid.toString("base64"),
      executorId: task.taskId as string as NonNullable<TaskStatus["executorId"]>,
      containerStatus: {
        containerId: { value: task.taskId.slice(-45, -9) },
        networkInfos: [
          {
            ipAddresses: [
              { protocol: "IPv4", ipAddress: `10.${agent.link >> 8}.${agent.link & 255}.1` },
            ],
          },
        ],
      },
    }
    return { kind: "update", frameworkId: task.frameworkId, status, latestState: state }
  }

  #onEvent(framework: SimulatedFramework, event: scheduler.Event): void {
    switch (event.kind) {
      case "subscribed":
        framework.id = event.frameworkId
        return
      case "offers":
        for (const offer of event.offers ?? []) this.#onOffer(framework, offer)
        return
      case "update": {
        const { agentId, taskId, uuid, state } = event.status
        if (state === "TASK_RUNNING") this.counts.running++
        if (uuid !== undefined && agentId !== undefined)
          this.#call(framework, { kind: "acknowledge", agentId, taskId, uuid })
        return
      }
      default:
        return
    }
  }

  #onOffer(framework: SimulatedFramework, offer: Offer): void {
    this.counts.offers++
    this.#take(framework, offer)
  }

  #take(framework: SimulatedFramework, offer: Offer): void {
    const count = Math.min(TASKS_PER_OFFER, framework.share - framework.launched)
    const offerIds = [offer.id]
    if (this.#patient && count === 0) return void framework.held.push(offer)
    const filters = { refuseSeconds: this.#patient ? 0 : REFUSE_SECONDS }
    if (count === 0) return this.#call(framework, { kind: "decline", offerIds, filters })
    const taskInfos = Array.from({ length: count }, () => this.#task(framework, offer))
    const operations = [{ kind: "launch" as const, taskInfos }]
    this.#call(framework, { kind: "accept", offerIds, operations, filters })
    if (!this.#patient && framework.launched === framework.share)
      this.#call(framework, { kind: "suppress" })
  }

  /** What Marathon says of one instance of a service in a Docker container. */
  #task(framework: SimulatedFramework, { agentId }: Offer): TaskInfo {
    const app = Math.floor(framework.launched++ / 25)
    const name = `web-${app}.team-${framework.stream}`
    const agent = this.#agents[Number(agentId.slice(agentId.lastIndexOf("S") + 1))]
    // Spread over the range, as a scheduler that picks ports at random spreads them.
    const port =
      31_000 + (agent === undefined ? 0 : (17 * agent.link + this.#nextPort(agent)) % 1000)
    return {
      name,
      taskId:
        `team-${framework.stream}_web-${app}.instance-${crypto.randomUUID()}._app.1` as TaskId,
      agentId,
      resources: resources(`cpus:0.5;mem:512;disk:100;ports:[${port}-${port}]`),
      command: {
        value: "exec /opt/service/bin/run",
        environment: {
          variables: Array.from({ length: 10 }, (_, i) => ({ name: `VARIABLE_${i}`, value: name })),
        },
      },
      container: {
        type: "DOCKER",
        docker: {
          image: `registry.example.com/team-${framework.stream}/web:${app}`,
          network: "HOST",
          privileged: false,
          forcePullImage: false,
          parameters: [],
        },
        volumes: [],
      },
      labels: {
        labels: [
          { key: "team", value: `team-${framework.stream}` },
          { key: "HAPROXY_GROUP", value: "external" },
          { key: "HAPROXY_0_VHOST", value: `${name}.example.com` },
        ],
      },
      discovery: {
        visibility: "FRAMEWORK",
        name,
        ports: { ports: [{ number: port, name: "http", protocol: "tcp" }] },
      },
    }
  }

  readonly #ports = new Map<SimulatedAgent, number>()

  #nextPort(agent: SimulatedAgent): number {
    const next = this.#ports.get(agent) ?? 0
    this.#ports.set(agent, next + 1)
    return next
  }

  #call(framework: SimulatedFramework, call: OtherCall): void {
    if (framework.id === undefined) return
    this.#send({
      kind: "call",
      stream: framework.stream,
      request: { frameworkId: framework.id, call },
    })
  }
}

const registrationFrames = ({
  link,
  id,
  frameworks,
  tasks,
}: SimulatedAgent): readonly ToMaster[] => [
  { kind: "opened", link },
  {
    kind: "agent",
    link,
    messages: [
      {
        kind: "register",
        agentId: id,
        info: {
          hostname: `node-${link}.example.com`,
          port: 5051,
          resources: AGENT_RESOURCES,
          attributes: [],
        },
        version: "1.12.0",
        capabilities: ["MULTI_ROLE", "HIERARCHICAL_ROLE", "RESERVATION_REFINEMENT"],
        checkpointedResources: [],
        frameworks: [...frameworks.values()],
        executors: [],
        tasks: [...tasks.values()],
      },
    ],
  },
]

const noCounts = (): ClusterCounts => ({
  registered: 0,
  running: 0,
  acknowledged: 0,
  offers: 0,
  refused: 0,
})
