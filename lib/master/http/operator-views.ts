import {
  addResources,
  encodeMessage,
  type Offer,
  type Role,
  type TimeInfo,
} from "#lib/mesos/index.ts"
import type {
  AgentView,
  ExecutorView,
  FrameworkView,
  MasterView,
  OfferView,
  TaskView,
} from "#lib/master/core/views.ts"
import { LazyList, LazyObject } from "./lazy-json.ts"
import { agentPid } from "./render-agent.ts"
import { collectRoles } from "./roles.ts"

const NANOSECONDS = 1_000_000

const time = (milliseconds: number | undefined): TimeInfo | undefined =>
  milliseconds === undefined ? undefined : { nanoseconds: Math.round(milliseconds * NANOSECONDS) }

const answer = (type: string, member: LazyObject): LazyObject =>
  new LazyObject({ type, [type.toLowerCase()]: member })

const encodeAgent = (agent: AgentView): object =>
  encodeMessage(
    "mesos.v1.master.Response.GetAgents.Agent",
    {
      agentInfo: { ...agent.info, id: agent.id },
      active: agent.active,
      deactivated: agent.deactivated,
      version: agent.version,
      pid: agentPid(agent),
      registeredTime: time(agent.registeredAt),
      reregisteredTime: time(agent.reregisteredAt),
      totalResources: agent.total,
      allocatedResources: agent.used,
      offeredResources: agent.offered,
      capabilities: agent.capabilities.map((type) => ({ type })),
      ...(agent.drain && {
        drainInfo: { state: agent.drain.state, config: agent.drain.config },
        estimatedDrainStartTime: time(agent.drain.since),
      }),
    },
    "endpoint",
  )

const agentsOf = (view: MasterView): LazyObject =>
  new LazyObject({
    agents: new LazyList(view.agents.values(), encodeAgent),
    recovered_agents: [...view.recoveredAgents.values()].map(({ info }) =>
      encodeMessage("mesos.v1.AgentInfo", info, "endpoint"),
    ),
  })

const offerOf = (view: MasterView, offer: OfferView): Offer => ({
  id: offer.id,
  frameworkId: offer.frameworkId,
  agentId: offer.agentId,
  hostname: view.agents.get(offer.agentId)?.info.hostname ?? "",
  resources: offer.resources,
  allocationInfo: { role: offer.role },
})

const encodeFramework = (view: MasterView, framework: FrameworkView): object =>
  encodeMessage("mesos.v1.master.Response.GetFrameworks.Framework", {
    frameworkInfo: framework.info,
    active: framework.active,
    connected: framework.connected,
    recovered: framework.recovered,
    registeredTime: time(framework.registeredAt),
    reregisteredTime: time(framework.reregisteredAt),
    unregisteredTime: time(framework.unregisteredAt),
    offers: [...framework.offers].map((offer) => offerOf(view, offer)),
    allocatedResources: framework.used(),
    offeredResources: framework.offered(),
    inverseOffers: [...view.inverseOffers.values()]
      .filter(({ frameworkId }) => frameworkId === framework.id)
      .map((inverse) => ({ ...inverse, resources: [] })),
    offerConstraints: framework.offerConstraints,
  })

const frameworksOf = (view: MasterView): LazyObject => {
  const list = (frameworks: Iterable<FrameworkView>) =>
    new LazyList(frameworks, (framework) => encodeFramework(view, framework))
  return new LazyObject({
    frameworks: list(view.frameworks.values()),
    completed_frameworks: list(view.completedFrameworks.values()),
    recovered_frameworks: [],
  })
}

const encodeExecutor = (executor: ExecutorView): object =>
  encodeMessage("mesos.v1.master.Response.GetExecutors.Executor", {
    executorInfo: executor.info,
    agentId: executor.agentId,
  })

const executorsOf = (view: MasterView): LazyObject => {
  const all = [...view.frameworks.values()].flatMap((framework) => [...framework.executors])
  return new LazyObject({ executors: new LazyList(all, encodeExecutor), orphan_executors: [] })
}

const encodeTask = (task: TaskView): object => encodeMessage("mesos.v1.Task", task)

const tasksOf = (view: MasterView): LazyObject => {
  const live = [...view.frameworks.values()]
  const everyone = [...live, ...view.completedFrameworks.values()]
  const list = (groups: readonly Iterable<TaskView>[]) =>
    new LazyList(
      groups.flatMap((group) => [...group]),
      encodeTask,
    )
  return new LazyObject({
    pending_tasks: [],
    tasks: list(live.map((framework) => framework.tasks.values())),
    unreachable_tasks: list(live.map((framework) => framework.unreachableTasks.values())),
    completed_tasks: list(everyone.map((framework) => framework.completedTasks)),
    orphan_tasks: [],
  })
}

/** GET_AGENTS. */
export const listAgents = (view: MasterView): LazyObject => answer("GET_AGENTS", agentsOf(view))

/** GET_FRAMEWORKS. */
export const listFrameworks = (view: MasterView): LazyObject =>
  answer("GET_FRAMEWORKS", frameworksOf(view))

/** GET_EXECUTORS. */
export const listExecutors = (view: MasterView): LazyObject =>
  answer("GET_EXECUTORS", executorsOf(view))

/** GET_TASKS. */
export const listTasks = (view: MasterView): LazyObject => answer("GET_TASKS", tasksOf(view))

/** GET_STATE: all of the above in one. */
export const wholeState = (view: MasterView): LazyObject =>
  answer(
    "GET_STATE",
    new LazyObject({
      get_tasks: tasksOf(view),
      get_executors: executorsOf(view),
      get_frameworks: frameworksOf(view),
      get_agents: agentsOf(view),
    }),
  )

/** Roles with what they hold, offered or allocated. */
export const listRoles = (view: MasterView): readonly Role[] =>
  [...collectRoles(view)].map(([name, role]) => ({
    name,
    weight: view.weight(name),
    frameworks: role.frameworks,
    resources: addResources(role.allocated, role.offered),
  }))
