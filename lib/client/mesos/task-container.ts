import { selectTasks } from "./find.ts"
import { placeTasks } from "./tasks.ts"
import type { ContainerId, MasterState, StateAgent } from "./types.ts"

/** A signal n is told as this and n, as shells do. */
const SIGNAL_BASE = 128

/**
 * The container of the one running task that a name stands for. Fails when there is none, when it
 * stands for several, or when the task has no container yet.
 */
export function findContainer(
  state: MasterState,
  name: string,
  matches: (id: string, name: string) => boolean,
): { readonly agent: StateAgent; readonly containerId: ContainerId } {
  const scope = { all: false, completed: false }
  const [found, ...others] = selectTasks(placeTasks(state), name, { scope, matches })
  if (found === undefined) throw new Error(`no task ID found containing '${name}'`)
  const { task, agent } = found
  if (others.length > 0) {
    const ids = [found, ...others].map((each) => each.task.id)
    throw new Error(`found more than one task with the same name: [${ids.join(" ")}]`)
  }
  const containerId = task.statuses?.findLast((status) => status.container_status?.container_id)
    ?.container_status?.container_id
  if (containerId === undefined)
    throw new Error(`task '${task.id}' is ${task.state}: it has no container yet`)
  return { agent, containerId }
}

/** The exit code that stands for a wait status; 1 when the status is lost. */
export function exitCodeOf(status: number | undefined): number {
  if (status === undefined) return 1
  const signal = status & 0x7f
  return signal === 0 ? (status >> 8) & 0xff : SIGNAL_BASE + signal
}
