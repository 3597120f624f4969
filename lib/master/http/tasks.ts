import type { MasterView, TaskView } from "#lib/master/core/views.ts"
import { LazyList, LazyObject } from "./lazy-json.ts"
import { renderTask } from "./render-task.ts"

/** What `/tasks` is asked for. */
export type TaskQuery = {
  readonly limit: number
  readonly offset: number
  readonly ascending: boolean
  readonly frameworkId?: string | undefined
  readonly taskId?: string | undefined
}

/** Tasks of one answer unless the query says otherwise. Source: apache/mesos: src/master/constants.hpp. */
const DEFAULT_LIMIT = 100

/** Reads the query; a number that is none counts as absent, as in Mesos. */
export const parseTaskQuery = (query: (name: string) => string | undefined): TaskQuery => ({
  limit: parseCount(query("limit")) ?? DEFAULT_LIMIT,
  offset: parseCount(query("offset")) ?? 0,
  ascending: query("order") === "asc",
  frameworkId: query("framework_id"),
  taskId: query("task_id"),
})

const parseCount = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined

/** A page of the tasks of all frameworks, live and completed, by the time of their first status. */
export function renderTasks(view: MasterView, query: TaskQuery): LazyObject {
  const page = firstByTime(allTasks(view, query), query.offset + query.limit, query.ascending)
  return new LazyObject({ tasks: new LazyList(page.slice(query.offset), renderTask) })
}

function allTasks(view: MasterView, { frameworkId, taskId }: TaskQuery): TaskView[] {
  const tasks: TaskView[] = []
  for (const frameworks of [view.frameworks, view.completedFrameworks])
    for (const framework of frameworks.values()) {
      if (frameworkId !== undefined && framework.id !== frameworkId) continue
      for (const list of [
        framework.tasks.values(),
        framework.unreachableTasks.values(),
        framework.completedTasks,
      ])
        for (const task of list)
          if (taskId === undefined || task.taskId === taskId) tasks.push(task)
    }
  return tasks
}

const firstTime = (task: TaskView): number => task.statuses?.[0]?.timestamp ?? 0

/**
 * The first `count` tasks in order. Plain numbers sort ten times as fast as objects, so they tell
 * which tasks can be among the first, and only those are sorted.
 */
function firstByTime(tasks: readonly TaskView[], count: number, ascending: boolean): TaskView[] {
  const sign = ascending ? 1 : -1
  const keys = Float64Array.from(tasks, (task) => sign * firstTime(task)).sort()
  const last = keys[Math.min(count, keys.length) - 1]
  if (last === undefined) return []
  return tasks
    .filter((task) => sign * firstTime(task) <= last)
    .sort((a, b) => sign * (firstTime(a) - firstTime(b)) || (a.taskId < b.taskId ? -1 : 1))
    .slice(0, count)
}
