import type { PlacedTask } from "./tasks.ts"
import type { StateAgent } from "./types.ts"

/** A task whose sandbox can be asked for. */
export type ReachableTask = PlacedTask & { readonly agent: StateAgent }

/** Which tasks are meant beside those that run. */
export type TaskScope = { readonly all: boolean; readonly completed: boolean }

/**
 * The tasks that a name stands for: the one of exactly that id, or else all whose id fits `matches`.
 * Without name every task in scope. Fails when there is none, or its agent has gone.
 */
export function selectTasks(
  tasks: readonly PlacedTask[],
  name: string | undefined,
  { scope, matches }: { scope: TaskScope; matches: (id: string, name: string) => boolean },
): readonly ReachableTask[] {
  if (scope.all && scope.completed)
    throw new Error("cannot accept both options --all and --completed")
  const inScope = tasks.filter((one) => scope.all || one.completed === scope.completed)
  const exact = inScope.filter(({ task }) => task.id === name)
  const found =
    exact.length > 0
      ? exact
      : inScope.filter(({ task }) => name === undefined || matches(task.id, name))
  if (found.length === 0 && name !== undefined)
    throw new Error(`no task ID found containing '${name}'`)
  const reachable = found.flatMap((one) =>
    one.agent === undefined ? [] : [{ ...one, agent: one.agent }],
  )
  if (reachable.length === 0 && found.length > 0)
    throw new Error(`the agent of task '${found[0]?.task.id}' is no longer part of the cluster`)
  return reachable
}
