import type { Task } from "#lib/mesos/index.ts"
import { taskMessage } from "./api-messages.ts"
import type {
  AgentView,
  ExecutorView,
  FrameworkView,
  MasterView,
  StoredAgentView,
  TaskView,
} from "./views.ts"

/** A task with what may change of it later. */
type TaskAt = Pick<TaskView, "state" | "statuses" | "statusUpdateState" | "statusUpdateUuid"> & {
  readonly task: TaskView
}

/**
 * What GET_STATE shows, as it is at one moment, at the cost of a few words per task: it may be read
 * later, in small steps. Who is listed, and how tasks stand, does not change any more. Agents and
 * frameworks are those of the view: what they hold is as it is when it is read, as no event tells of it.
 */
export type StateSnapshot = {
  readonly view: MasterView
  readonly agents: readonly AgentView[]
  readonly recoveredAgents: readonly StoredAgentView[]
  readonly frameworks: readonly FrameworkView[]
  readonly completedFrameworks: readonly FrameworkView[]
  readonly executors: readonly ExecutorView[]
  readonly tasks: readonly TaskAt[]
  readonly unreachableTasks: readonly TaskAt[]
  /** Nothing changes of these. */
  readonly completedTasks: readonly TaskView[]
}

/** What the master knows now. */
export function captureState(view: MasterView): StateSnapshot {
  const frameworks = [...view.frameworks.values()]
  const completedFrameworks = [...view.completedFrameworks.values()]
  return {
    view,
    agents: [...view.agents.values()],
    recoveredAgents: [...view.recoveredAgents.values()],
    frameworks,
    completedFrameworks,
    executors: frameworks.flatMap(({ executors }) => [...executors]),
    tasks: capture(frameworks.map(({ tasks }) => tasks.values())),
    unreachableTasks: capture(frameworks.map(({ unreachableTasks }) => unreachableTasks.values())),
    completedTasks: [...frameworks, ...completedFrameworks].flatMap(({ completedTasks }) => [
      ...completedTasks,
    ]),
  }
}

/** The task as it was. */
export const taskThen = ({ task, ...then }: TaskAt): Task => ({ ...taskMessage(task), ...then })

function capture(groups: readonly Iterable<TaskView>[]): TaskAt[] {
  const captured: TaskAt[] = []
  for (const group of groups)
    for (const task of group) {
      const { state, statuses, statusUpdateState, statusUpdateUuid } = task
      captured.push({ task, state, statuses, statusUpdateState, statusUpdateUuid })
    }
  return captured
}
