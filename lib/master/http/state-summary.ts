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

const indexOfState: ReadonlyMap<string, number> = new Map(
  countedStates.map((state, index) => [state, index]),
)

/** Tasks by state of one agent or framework, and who they connect it with. */
class Tally {
  readonly partners: string[] = []
  /** The partner whose tasks are being counted. */
  partner: string | undefined
  readonly #counts = new Float64Array(countedStates.length)

  count(index: number): void {
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
  }

  get counters(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      countedStates.map((state, index) => [state, this.#counts[index] ?? 0]),
    )
  }
}

/** Tallies by the id of an agent or a framework. */
type Tallies = Map<string, Tally>

function tallyOf(tallies: Tallies, id: string): Tally {
  let tally = tallies.get(id)
  if (tally === undefined) tallies.set(id, (tally = new Tally()))
  return tally
}

/** Counts every task once for its agent and once for its framework: one pass, no rendering. */
function count(frameworks: Iterable<FrameworkView>): {
  readonly agents: Tallies
  readonly frameworks: Tallies
} {
  const agents: Tallies = new Map()
  const counted: Tallies = new Map()
  for (const framework of frameworks) {
    const own = tallyOf(counted, framework.id)
    for (const tasks of [
      framework.tasks.values(),
      framework.unreachableTasks.values(),
      framework.completedTasks,
    ])
      for (const { agentId, state } of tasks) {
        const agent = tallyOf(agents, agentId)
        if (agent.partner !== framework.id) {
          agent.partner = framework.id
          agent.partners.push(framework.id)
          own.partners.push(agentId)
        }
        const index = indexOfState.get(state)
        if (index === undefined) continue
        own.count(index)
        agent.count(index)
      }
  }
  return { agents, frameworks: counted }
}

/** Agents and frameworks with counts of tasks instead of tasks, at `/state-summary`. */
export function renderStateSummary({ master, cluster }: MasterHttpOptions): LazyObject {
  const { view } = master
  const tallies = count(view.frameworks.values())
  return new LazyObject({
    hostname: view.info.hostname ?? "",
    cluster,
    slaves: new LazyList(view.agents.values(), (agent) => {
      const { counters, partners } = tallyOf(tallies.agents, agent.id)
      return { ...renderAgent(agent), ...counters, framework_ids: partners }
    }),
    frameworks: new LazyList(view.frameworks.values(), (framework) => {
      const { counters, partners } = tallyOf(tallies.frameworks, framework.id)
      return { ...renderFrameworkHead(framework), ...counters, slave_ids: partners }
    }),
  })
}
