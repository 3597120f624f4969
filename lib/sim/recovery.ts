import { Agent, AGENT_PREFIX } from "#lib/agent/index.ts"
import { Marathon, type MarathonOptions, type MarathonView } from "#lib/marathon/index.ts"
import type { Disk } from "./disk.ts"

/** Everything that an agent must still know after a crash, as comparable text. */
export function agentPicture(agent: Agent): string {
  const { agentId, workload, streams, gc, drain } = agent
  const tasksOf = (tasks: Iterable<{ readonly launch: unknown; readonly progress: unknown }>) =>
    [...tasks].map(({ launch, progress }) => ({ launch, progress }))
  const frameworks = [...workload.frameworks].map((framework) => ({
    id: framework.id,
    info: framework.info,
    terminating: framework.terminating,
    executors: [...framework.executors.values(), ...framework.completedExecutors].map(
      ({ launch, completedAt, tasks, completedTasks }) => ({
        launch,
        completedAt,
        tasks: tasksOf(tasks.values()),
        completed: tasksOf(completedTasks),
      }),
    ),
  }))
  const pending = [...workload.tasks()].map(({ launch }) =>
    streams.pending(launch.frameworkId, launch.info.taskId),
  )
  const garbage = [...gc.paths].sort()
  return canonical({
    agentId,
    frameworks,
    pending,
    streams: streams.size,
    garbage,
    drain: drain.current,
  })
}

/** What the disk makes of an agent, in the same form. */
export const recoveredAgentPicture = (agent: Agent, disk: Disk): string =>
  agentPicture(new Agent(agent.options, disk.scan(AGENT_PREFIX)))

/** Everything that Marathon must still know after a crash, as comparable text. */
export function marathonPicture(view: MarathonView): string {
  const apps = [...view.apps()]
  return canonical({
    frameworkId: view.frameworkId,
    root: view.rootVersions(),
    groups: [...view.groups()],
    deployments: view.deployments(),
    apps: apps.map((app) => ({ app, versions: view.appVersions(app.id) })),
    failures: apps.map(({ id }) => view.lastTaskFailure(id)),
    instances: apps
      .flatMap(({ id }) => view.instances(id))
      .map(({ task, ...instance }) => ({
        ...instance,
        task: task?.id,
        kill: task?.killRequestedAt,
      })),
  })
}

/** What the disk makes of Marathon, in the same form. */
export const recoveredMarathonPicture = (
  disk: Disk,
  options: MarathonOptions,
  now: number,
): string => marathonPicture(new Marathon(disk.scan("/marathon/"), options, now).view)

/** JSON with members in order, so that equal values have equal texts. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
