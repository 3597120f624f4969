import type { AgentInfo, DiscoveryInfo, Port, Resource, Resources, Task } from "#lib/mesos/index.ts"
import { equal } from "#lib/std/equal.ts"
import { Interner } from "#lib/std/interner.ts"
import { Recent } from "#lib/std/recent.ts"
import { compactStatuses, type StatusHost } from "./compact-status.ts"

/** A task as it is kept: with its resources and their role. */
export type KeptTask = Task & { readonly resources: Resources; readonly role: string }

/** What a task has, as part of which role's allocation, and where. */
type Allocated = {
  readonly role: string
  readonly resources: Resources
  readonly agent: StatusHost
}

/** What instances of one service have in common, all of it. */
const COMMON = [
  "role",
  "user",
  "labels",
  "container",
  "healthCheck",
  "killPolicy",
  "limits",
] as const

/** What they have in common, and what of it they have mostly or partly. */
type Twin = Pick<KeptTask, (typeof COMMON)[number] | "name" | "resources" | "discovery">

/** Names of tasks that are remembered, each with the parts of the latest task of that name. */
const TWINS = 32_768

const NO_RESERVATIONS: Resource["reservations"] = []

/**
 * Keeps tasks small: what many have in common, such as the container of all instances of a service,
 * is kept once. A task is compared with the latest one of its name, and only what differs there is
 * looked for among the parts of all others, which takes longer.
 */
export class SharedParts {
  readonly #parts = new Interner()
  /** What the agent said that came last: most are of one kind. */
  #lastInfo: AgentInfo | undefined
  readonly #twins = new Recent<string, Twin>(TWINS)

  /** The same task, with its parts shared, and without what nobody asks the master for. */
  task(task: Task, { role, resources, agent }: Allocated): KeptTask {
    const twin = this.#twins.get(task.name)
    const statuses = compactStatuses(task, agent)
    const kept: KeptTask = {
      name: twin?.name ?? task.name,
      taskId: task.taskId,
      frameworkId: task.frameworkId,
      executorId: task.executorId,
      agentId: task.agentId,
      state: task.state,
      statusUpdateState: task.statusUpdateState,
      statusUpdateUuid: same(task.statusUpdateUuid, statuses.at(-1)?.uuid),
      role: this.#share(role, twin?.role),
      user: this.#share(task.user, twin?.user),
      resources: resources.map((each, index) => this.#resource(each, twin?.resources[index])),
      labels: this.#share(task.labels, twin?.labels),
      discovery: this.#discovery(task.discovery, twin?.discovery),
      container: this.#share(task.container, twin?.container),
      healthCheck: this.#share(task.healthCheck, twin?.healthCheck),
      killPolicy: this.#share(task.killPolicy, twin?.killPolicy),
      limits: this.#share(task.limits, twin?.limits),
      statuses,
    }
    if (twin === undefined || COMMON.some((part) => kept[part] !== twin[part]))
      this.#twins.set(kept.name, twinOf(kept))
    return kept
  }

  /** What an agent says of itself, with the parts shared that machines of one kind have in common. */
  agentInfo(info: AgentInfo): AgentInfo {
    const { resources, attributes, domain } = info
    const last = this.#lastInfo
    return (this.#lastInfo = {
      ...info,
      resources: this.#share(resources, last?.resources),
      attributes: this.#share(attributes, last?.attributes),
      domain: this.#share(domain, last?.domain),
    })
  }

  /** An equal value that was met before, or this one. */
  part<T extends object | string>(value: T): T {
    return this.#parts.intern(value)
  }

  #share<T extends object | string | undefined>(value: T, twin: T | undefined): T {
    if (value === undefined || value === twin) return value
    return twin !== undefined && equal(value, twin) ? twin : this.#parts.intern(value)
  }

  #resource(resource: Resource, twin: Resource | undefined): Resource {
    const { name, value, allocationRole = "" } = resource
    if (!isPlain(resource) || value.kind === "set") return this.#share(resource, twin)
    const alike = twin !== undefined && isPlain(twin) && isOfSameKind(resource, twin)
    if (value.kind === "scalar")
      return alike && twin.value.kind === "scalar" && twin.value.milli === value.milli
        ? twin
        : this.#parts.intern(resource, `${name} ${value.milli} ${allocationRole}`)
    // Ports: a few thousand different ones, in as many combinations with roles as there are tasks.
    const [range] = value.ranges
    const known = value.ranges.length === 1 ? `${range?.begin}-${range?.end}` : undefined
    const shared = this.#parts.intern(value, known)
    return alike && twin.value === shared
      ? twin
      : { ...resource, value: shared, reservations: NO_RESERVATIONS }
  }

  /** Instances differ in their ports: wholes would be shared with none, and only crowd the others out. */
  #discovery(
    discovery: DiscoveryInfo | undefined,
    twin: DiscoveryInfo | undefined,
  ): DiscoveryInfo | undefined {
    const ports = discovery?.ports?.ports ?? []
    if (discovery?.ports === undefined || ports.length === 0) return this.#share(discovery, twin)
    if (equal(discovery, twin)) return twin
    return {
      ...discovery,
      name: this.#share(discovery.name, twin?.name),
      ports:
        ports.length === 1
          ? this.#parts.intern(discovery.ports, portKey(ports[0]))
          : { ports: ports.map((port) => this.#parts.intern(port)) },
    }
  }
}

/** Tells lists of this one port from all others; undefined when only its JSON does. */
const portKey = (port: Port | undefined): string | undefined =>
  port === undefined || port.visibility !== undefined || port.labels !== undefined
    ? undefined
    : `port ${port.number} ${JSON.stringify(port.name)} ${JSON.stringify(port.protocol)}`

/** Without what is a task's own: a twin outlives it. */
const twinOf = ({
  name,
  role,
  user,
  resources,
  labels,
  discovery,
  container,
  healthCheck,
  killPolicy,
  limits,
}: KeptTask): Twin => ({
  name,
  role,
  user,
  resources,
  labels,
  discovery,
  container,
  healthCheck,
  killPolicy,
  limits,
})

/** A text that is equal to another one is that one, and not a copy. */
const same = <T extends string | undefined>(text: T, other: T): T => (text === other ? other : text)

/** Nothing but a name, an amount, and whose it is. */
const isPlain = ({ reservations, providerId, disk, revocable, shared }: Resource): boolean =>
  reservations.length === 0 &&
  providerId === undefined &&
  disk === undefined &&
  revocable === undefined &&
  shared === undefined

/** Whether two plain resources differ in their amounts at most. */
const isOfSameKind = (a: Resource, b: Resource): boolean =>
  a.name === b.name && a.allocationRole === b.allocationRole
