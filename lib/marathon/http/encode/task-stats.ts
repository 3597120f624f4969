import type { Instance } from "#lib/marathon/core/records.ts"
import type { MarathonView } from "#lib/marathon/core/view.ts"
import type { App, Encoded } from "#lib/marathon/model/index.ts"
import { isRunning, isStaged } from "./task-counts.ts"
import { withTasks } from "./task.ts"

type Context = { readonly view: MarathonView; readonly now: number }

/**
 * Statistics of an app's tasks, by how their version relates to the app's; groups without tasks are
 * left out. Source: mesosphere/marathon: …/core/appinfo/TaskStatsByVersion.scala.
 */
export function taskStats(app: App, instances: readonly Instance[], context: Context): Encoded {
  const tasks = withTasks(instances)
  const { lastScalingAt, lastConfigChangeAt } = app.versionInfo
  return {
    startedAfterLastScaling: summary(
      tasks.filter((task) => task.version >= lastScalingAt),
      context,
    ),
    withLatestConfig: summary(
      tasks.filter((task) => task.version >= lastConfigChangeAt),
      context,
    ),
    withOutdatedConfig: summary(
      tasks.filter((task) => task.version < lastConfigChangeAt),
      context,
    ),
    totalSummary: summary(tasks, context),
  }
}

function summary(tasks: readonly Instance[], { view, now }: Context): Encoded | undefined {
  if (tasks.length === 0) return undefined
  const ages = tasks
    .flatMap(({ task }) => (task?.startedAt === undefined ? [] : [(now - task.startedAt) / 1000]))
    .sort((a, b) => a - b)
  const health = tasks.map((task) => view.health(task))
  return {
    stats: {
      counts: {
        staged: tasks.filter(isStaged).length,
        running: tasks.filter(isRunning).length,
        healthy: health.filter((alive) => alive === true).length,
        unhealthy: health.filter((alive) => alive === false).length,
      },
      lifeTime: ages.length === 0 ? undefined : lifeTime(ages),
    },
  }
}

const lifeTime = (sorted: readonly number[]): Encoded => ({
  averageSeconds: sorted.reduce((sum, age) => sum + age, 0) / sorted.length,
  medianSeconds: sorted[Math.floor(sorted.length / 2)],
})
