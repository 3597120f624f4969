import {
  scalarResource,
  type FrameworkId,
  type Resources,
  type TaskInfo,
} from "#lib/mesos/index.ts"
import type { ContainerSpec } from "#lib/ports/index.ts"

/** The command of a process that speaks the executor API. */
export const EXECUTOR_COMMAND = "executor"

/** What the executor of a group takes, or a custom one; left free beside tasks of their own too. */
export const EXECUTOR_RESOURCES: Resources = [
  scalarResource("cpus", 50),
  scalarResource("disk", 1_000),
  scalarResource("mem", 32_000),
]

const SCRIPT_LABEL = "script"

/** Where the framework of a container is named: in its sandbox, as Mesos lays it out. */
const FRAMEWORK_IN_PATH = /\/frameworks\/([^/]+)\//

/** The framework of a container. */
export const frameworkOf = ({ sandbox }: ContainerSpec): FrameworkId =>
  (FRAMEWORK_IN_PATH.exec(sandbox)?.[1] ?? "") as FrameworkId

/** Whether the container is that of a custom executor. */
export const isExecutor = ({ task }: ContainerSpec): boolean =>
  task.command?.value === EXECUTOR_COMMAND

/** The task as one of a custom executor: what its command would do, told by a label. */
export function forExecutor({ command, ...task }: TaskInfo): TaskInfo {
  return { ...task, labels: { labels: [{ key: SCRIPT_LABEL, value: command?.value ?? "" }] } }
}

/** What a task of a custom executor does: the text of a script, as of a command. */
export const scriptOf = ({ labels }: TaskInfo): string =>
  labels?.labels?.find(({ key }) => key === SCRIPT_LABEL)?.value ?? ""
