import type { FrameworkId } from "#lib/mesos/index.ts"
import type { ContainerId } from "#lib/ports/index.ts"
import { assert } from "#lib/std/assert.ts"
import { keys, readStore, type Recovered } from "./checkpoint.ts"
import { identityProblem } from "./compatibility.ts"
import { taskKey, type TaskKey } from "./records.ts"
import type { AgentOptions, StoreEntry } from "./types.ts"

/** What a life of the agent begins with. */
export type Beginning = {
  readonly stored: Recovered
  /** Keys of what is left behind: they are removed from the store. */
  readonly forgotten: readonly string[]
  /** Why something was left behind, for the log. */
  readonly notes: readonly string[]
  /** Why the agent may not go on as it is, for people. */
  readonly problem?: string | undefined
}

/**
 * Decides what a new life takes over of what the last one stored.
 *
 * - What cannot be read fails an assertion, naming the key: reading it as absent would lose a task.
 *   With `strict` off it is left behind, with all that depends on it.
 * - An agent that changed more than it may ends with a problem, unless the machine was restarted: no
 *   task of its runs then, and it becomes a new agent.
 * - A life that only cleans up takes over everything, whatever has changed.
 * - Without an identity nothing else counts: the last life was cleaned up.
 *
 * Reservations, volumes and old sandboxes belong to the machine and are always taken over.
 * Source: apache/mesos: src/slave/slave.cpp (recover, _recover), docs/agent-recovery.md.
 */
export function begin(entries: readonly StoreEntry[], options: AgentOptions): Beginning {
  const { stored: found, unreadable } = readStore(entries)
  const [first] = unreadable
  assert(
    first === undefined || options.strict === false,
    `${first?.why}; an agent without --strict leaves behind what it cannot read`,
  )
  const { stored, orphans } = unreadable.length === 0 ? whole(found) : connected(found)
  const notes = unreadable.map(({ why }) => why)
  const forgotten = [...unreadable.map(({ key }) => key), ...orphans]
  const [identity] = stored.identity
  if (identity === undefined) {
    const { stored: kept, forgotten: more } = machineOnly(stored, entries)
    return { stored: kept, forgotten: [...new Set([...forgotten, ...more])], notes }
  }
  const { bootId, info, reconfigurationPolicy = "equal" } = options
  if (options.recover === "cleanup") return { stored, forgotten, notes }
  const problem = identityProblem(identity, info, reconfigurationPolicy)
  const rebooted = bootId !== undefined && ![undefined, bootId].includes(identity.bootId)
  if (problem === undefined || !rebooted) return { stored, forgotten, notes, problem }
  const { stored: kept, forgotten: more } = machineOnly(stored, entries)
  const note = `the machine was restarted, and ${problem}. It becomes a new agent`
  return { stored: kept, forgotten: [...new Set([...forgotten, ...more])], notes: [...notes, note] }
}

type Pruned = { readonly stored: Recovered; readonly orphans: readonly string[] }

const whole = (stored: Recovered): Pruned => ({ stored, orphans: [] })

/** What is left when some entries are missing: nothing that needs one of them. */
function connected(stored: Recovered): Pruned {
  const orphans: string[] = []
  const keep = <T>(all: readonly T[], is: (each: T) => boolean, key: (each: T) => string): T[] =>
    all.filter((each) => is(each) || (orphans.push(key(each)), false))
  const frameworks = new Set<FrameworkId>(stored.framework.map(({ id }) => id))
  const executor = keep(
    stored.executor,
    ({ frameworkId }) => frameworks.has(frameworkId),
    ({ containerId }) => keys.executor(containerId),
  )
  const executors = new Set<ContainerId>(executor.map(({ containerId }) => containerId))
  const progressed = new Set<TaskKey>(stored.progress.map(({ key }) => key))
  const task = keep(
    stored.task,
    (launch) => executors.has(launch.executorContainerId) && progressed.has(taskKey(launch)),
    (launch) => keys.task(taskKey(launch)),
  )
  const tasks = new Set<TaskKey>(task.map(taskKey))
  const progress = keep(
    stored.progress,
    ({ key }) => tasks.has(key),
    ({ key }) => keys.progress(key),
  )
  return { stored: { ...stored, executor, task, progress }, orphans }
}

/** What belongs to the machine, whoever its agent is. */
function machineOnly(
  { garbage, resources, doomed }: Recovered,
  entries: readonly StoreEntry[],
): { readonly stored: Recovered; readonly forgotten: readonly string[] } {
  const kept = [keys.garbage(""), keys.resources(), keys.doomed("")]
  return {
    stored: { ...readStore([]).stored, garbage, resources, doomed },
    forgotten: entries
      .map(([key]) => key)
      .filter((key) => !kept.some((prefix) => key.startsWith(prefix))),
  }
}
