import type { TaskState } from "#lib/mesos/index.ts"
import type { FrameworkView } from "#lib/master/core/views.ts"
import { LazyList, LazyObject } from "./lazy-json.ts"
import type { MasterHttpOptions } from "./ports.ts"
import { renderAgent } from "./render-agent.ts"
import { renderFrameworkHead } from "./render-framework.ts"

/** The states that summaries count. Source: apache/mesos: src/master/readonly_handler.cpp. */
const countedStates = [
  "TASK_STAGING",
  "TASK_STARTING",
  "TASK_RUNNING",
  "TASK_KILLING",
  "TASK_FINISHED",
  "TASK_KILLED",
  "TASK_FAILED",
  "TASK_LOST",
  "TASK_ERROR",
  "TASK_UNREACHABLE",
] as const satisfies readonly TaskState[]

type Tally = {
  readonly counts: Record<(typeof countedStates)[number], number>
  readonly partners: Set<string>
}

const newTally = (): Tally => ({
  counts: Object.fromEntries(countedStates.map((state) => [state, 0])) as Tally["counts"],
  partners: new Set(),
})

const tallyOf = (tallies: Map<string, Tally>, id: string): Tally => {
  const tally = tallies.get(id) ?? newTally()
  tallies.set(id, tally)
  return tally
}

/** Counts every task once for its agent and once for its framework: one pass, no rendering. */
function count(frameworks: Iterable<FrameworkView>): {
  readonly agents: Map<string, Tally>
  readonly frameworks: Map<string, Tally>
} {
  const agents = new Map<string, Tally>()
  const counted = new Map<string, Tally>()
  for (const framework of frameworks) {
    const own = tallyOf(counted, framework.id)
    for (const tasks of [
      framework.tasks.values(),
      framework.unreachableTasks.values(),
      framework.completedTasks,
    ])
      for (const { agentId, state } of tasks) {
        const agent = tallyOf(agents, agentId)
        agent.partners.add(framework.id)
        own.partners.add(agentId)
        if (!(state in own.counts)) continue
        own.counts[state as keyof Tally["counts"]]++
        agent.counts[state as keyof Tally["counts"]]++
      }
  }
  return { agents, frameworks: counted }
}

/** Agents and frameworks with counts of tasks instead of tasks, at `/state-summary`. */
export function renderStateSummary({ master, cluster }: MasterHttpOptions): LazyObject {
  const { view } = master
  const tallies = count(view.frameworks.values())
  const nothing = newTally()
  return new LazyObject({
    hostname: view.info.hostname ?? "",
    cluster,
    slaves: new LazyList(view.agents.values(), (agent) => {
      const { counts, partners } = tallies.agents.get(agent.id) ?? nothing
      return { ...renderAgent(agent), ...counts, framework_ids: [...partners] }
    }),
    frameworks: new LazyList(view.frameworks.values(), (framework) => {
      const { counts, partners } = tallies.frameworks.get(framework.id) ?? nothing
      return { ...renderFrameworkHead(framework), ...counts, slave_ids: [...partners] }
    }),
  })
}
