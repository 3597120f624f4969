import type { AgentInfo, DiscoveryInfo, Resource, Resources, Task } from "#lib/mesos/index.ts"
import { equal } from "#lib/std/equal.ts"
import { Interner } from "#lib/std/interner.ts"
import { Recent } from "#lib/std/recent.ts"
import { compactStatuses, type StatusHost } from "./compact-status.ts"

/** A task as it is kept: with its resources and their role. */
export type KeptTask = Task & { readonly resources: Resources; readonly role: string }

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
  readonly #twins = new Recent<string, Twin>(TWINS)

  /** The same task of an agent, with its parts shared, and without what nobody asks the master for. */
  task(task: KeptTask, agent: StatusHost): KeptTask {
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
      role: this.#share(task.role, twin?.role),
      user: this.#share(task.user, twin?.user),
      resources: task.resources.map((each, index) => this.#resource(each, twin?.resources[index])),
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
    return {
      ...info,
      resources: this.#share(resources, undefined),
      attributes: this.#share(attributes, undefined),
      domain: this.#share(domain, undefined),
    }
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
    if (twin !== undefined && equal(resource, twin)) return twin
    const { name, value, allocationRole = "" } = resource
    if (!isPlain(resource) || value.kind === "set") return this.#parts.intern(resource)
    if (value.kind === "scalar")
      return this.#parts.intern(resource, `${name} ${value.milli} ${allocationRole}`)
    // Ports: a few thousand different ones, in as many combinations with roles as there are tasks.
    const [range] = value.ranges
    const known = value.ranges.length === 1 ? `${range?.begin}-${range?.end}` : undefined
    const shared = this.#parts.intern(value, known)
    return { ...resource, value: shared, reservations: NO_RESERVATIONS }
  }

  /** Instances differ in their ports: wholes would be shared with none, and only crowd the others out. */
  #discovery(
    discovery: DiscoveryInfo | undefined,
    twin: DiscoveryInfo | undefined,
  ): DiscoveryInfo | undefined {
    const ports = discovery?.ports?.ports ?? []
    if (discovery === undefined || ports.length === 0) return this.#share(discovery, twin)
    if (equal(discovery, twin)) return twin
    return {
      ...discovery,
      name: this.#share(discovery.name, twin?.name),
      ports:
        ports.length === 1
          ? this.#share(discovery.ports, twin?.ports)
          : { ports: ports.map((port) => this.#parts.intern(port)) },
    }
  }
}

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
