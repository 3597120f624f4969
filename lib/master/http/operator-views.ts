import {
  addResources,
  encodeMessage,
  type Offer,
  type Role,
  type Task,
  type TimeInfo,
} from "#lib/mesos/index.ts"
import type {
  AgentView,
  ExecutorView,
  FrameworkView,
  MasterView,
  OfferView,
  StoredAgentView,
  TaskView,
} from "#lib/master/core/views.ts"
import { agentMessage, frameworkMessage, timeInfo } from "#lib/master/core/api-messages.ts"
import { captureState, taskThen, type StateSnapshot } from "#lib/master/core/state-snapshot.ts"
import { LazyList, LazyObject } from "./lazy-json.ts"
import { collectRoles } from "./roles.ts"

const answer = (type: string, member: LazyObject): LazyObject =>
  new LazyObject({ type, [type.toLowerCase()]: member })

const encodeAgent = (agent: AgentView): object =>
  encodeMessage("mesos.v1.master.Response.GetAgents.Agent", agentMessage(agent), "endpoint")

const agentsOf = (agents: Iterable<AgentView>, recovered: Iterable<StoredAgentView>): LazyObject =>
  new LazyObject({
    agents: new LazyList(agents, encodeAgent),
    recovered_agents: new LazyList(recovered, ({ info }) =>
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

const time = (milliseconds: number | undefined): TimeInfo | undefined =>
  milliseconds === undefined ? undefined : timeInfo(milliseconds)

const encodeFramework = (view: MasterView, framework: FrameworkView): object =>
  encodeMessage("mesos.v1.master.Response.GetFrameworks.Framework", {
    ...frameworkMessage(framework),
    unregisteredTime: time(framework.unregisteredAt),
    offers: [...framework.offers].map((offer) => offerOf(view, offer)),
    allocatedResources: framework.used(),
    offeredResources: framework.offered(),
    inverseOffers: [...view.inverseOffers.values()]
      .filter(({ frameworkId }) => frameworkId === framework.id)
      .map((inverse) => ({ ...inverse, resources: [] })),
    offerConstraints: framework.offerConstraints,
  })

const frameworksOf = (
  view: MasterView,
  live: Iterable<FrameworkView>,
  completed: Iterable<FrameworkView>,
): LazyObject => {
  const list = (frameworks: Iterable<FrameworkView>) =>
    new LazyList(frameworks, (framework) => encodeFramework(view, framework))
  return new LazyObject({
    frameworks: list(live),
    completed_frameworks: list(completed),
    recovered_frameworks: [],
  })
}

const encodeExecutor = (executor: ExecutorView): object =>
  encodeMessage("mesos.v1.master.Response.GetExecutors.Executor", {
    executorInfo: executor.info,
    agentId: executor.agentId,
  })

const executorsOf = (executors: Iterable<ExecutorView>): LazyObject =>
  new LazyObject({ executors: new LazyList(executors, encodeExecutor), orphan_executors: [] })

const encodeTask = (task: Task): object => encodeMessage("mesos.v1.Task", task)

type TaskLists = Readonly<Record<"tasks" | "unreachable_tasks" | "completed_tasks", object>>

const tasksOf = (lists: TaskLists): LazyObject =>
  new LazyObject({ pending_tasks: [], ...lists, orphan_tasks: [] })

/** GET_AGENTS. */
export const listAgents = ({ agents, recoveredAgents }: MasterView): LazyObject =>
  answer("GET_AGENTS", agentsOf(agents.values(), recoveredAgents.values()))

/** GET_FRAMEWORKS. */
export const listFrameworks = (view: MasterView): LazyObject =>
  answer(
    "GET_FRAMEWORKS",
    frameworksOf(view, view.frameworks.values(), view.completedFrameworks.values()),
  )

/** GET_EXECUTORS. */
export const listExecutors = ({ frameworks }: MasterView): LazyObject =>
  answer(
    "GET_EXECUTORS",
    executorsOf([...frameworks.values()].flatMap(({ executors }) => [...executors])),
  )

/** GET_TASKS. */
export function listTasks(view: MasterView): LazyObject {
  const live = [...view.frameworks.values()]
  const everyone = [...live, ...view.completedFrameworks.values()]
  const list = (groups: readonly Iterable<TaskView>[]) =>
    new LazyList(
      groups.flatMap((group) => [...group]),
      encodeTask,
    )
  return answer(
    "GET_TASKS",
    tasksOf({
      tasks: list(live.map((framework) => framework.tasks.values())),
      unreachable_tasks: list(live.map((framework) => framework.unreachableTasks.values())),
      completed_tasks: list(everyone.map((framework) => framework.completedTasks)),
    }),
  )
}

/** All of the above in one, as it is in GET_STATE and in SUBSCRIBED. */
export function stateOf(state: StateSnapshot): LazyObject {
  const { view } = state
  const then = (tasks: StateSnapshot["tasks"]) =>
    new LazyList(tasks, (task) => encodeTask(taskThen(task)))
  return new LazyObject({
    get_tasks: tasksOf({
      tasks: then(state.tasks),
      unreachable_tasks: then(state.unreachableTasks),
      completed_tasks: new LazyList(state.completedTasks, encodeTask),
    }),
    get_executors: executorsOf(state.executors),
    get_frameworks: frameworksOf(view, state.frameworks, state.completedFrameworks),
    get_agents: agentsOf(state.agents, state.recoveredAgents),
  })
}

/** GET_STATE. */
export const wholeState = (view: MasterView): LazyObject =>
  answer("GET_STATE", stateOf(captureState(view)))

/** Roles with what they hold, offered or allocated. */
export const listRoles = (view: MasterView): readonly Role[] =>
  [...collectRoles(view)].map(([name, role]) => ({
    name,
    weight: view.weight(name),
    frameworks: role.frameworks,
    resources: addResources(role.allocated, role.offered),
  }))
