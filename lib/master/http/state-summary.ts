import type { TaskState } from "#lib/mesos/index.ts"
import type { AgentView, FrameworkView } from "#lib/master/core/views.ts"
import { agentText } from "./agent-text.ts"
import { KeptTexts } from "./kept-text.ts"
import { JsonText, LazyList, LazyObject } from "./lazy-json.ts"
import type { MasterHttpOptions } from "./ports.ts"
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
  /** Ids of the frameworks of an agent, or of the agents of a framework. */
  readonly partners = new Set<string>()
  readonly #counts = new Float64Array(countedStates.length)

  count(partner: string, state: TaskState): void {
    this.partners.add(partner)
    const index = indexOfState.get(state)
    if (index !== undefined) this.#counts[index] = (this.#counts[index] ?? 0) + 1
  }

  get counters(): Readonly<Record<string, number>> {
    const counters: Record<string, number> = {}
    for (const [index, state] of countedStates.entries()) counters[state] = this.#counts[index] ?? 0
    return counters
  }
}

/**
 * Counts the tasks that have left their agents, by the id of the agent. The others are counted when
 * their agent is written, so that no turn of the event loop passes over all tasks there are.
 */
function countLeft(frameworks: Iterable<FrameworkView>): ReadonlyMap<string, Tally> {
  const tallies = new Map<string, Tally>()
  for (const framework of frameworks)
    for (const tasks of [framework.unreachableTasks.values(), framework.completedTasks])
      for (const { agentId, state } of tasks) {
        let tally = tallies.get(agentId)
        if (tally === undefined) tallies.set(agentId, (tally = new Tally()))
        tally.count(framework.id, state)
      }
  return tallies
}

function tallyOfFramework(framework: FrameworkView): Tally {
  const tally = new Tally()
  for (const tasks of [
    framework.tasks.values(),
    framework.unreachableTasks.values(),
    framework.completedTasks,
  ])
    for (const { agentId, state } of tasks) tally.count(agentId, state)
  return tally
}

/** The JSON of two objects as that of one that has the members of both. */
const joined = (a: string, b: string): string => `${a.slice(0, -1)},${b.slice(1)}`

function countedText(agent: AgentView, tally: Tally): string {
  for (const { frameworkId, state } of agent.tasks) tally.count(frameworkId, state)
  return JSON.stringify({ ...tally.counters, framework_ids: [...tally.partners] })
}

/** Of agents that no task has left. */
const counts = new KeptTexts<AgentView>(
  ({ tasksRevision }) => [tasksRevision],
  (agent) => countedText(agent, new Tally()),
)

const frameworkTexts = new KeptTexts<FrameworkView>(
  (framework) => [
    framework.info,
    framework.capabilities,
    framework.used(),
    framework.offered(),
    framework.active,
    framework.connected,
    framework.recovered,
    framework.tasksRevision,
  ],
  (framework) => {
    const { counters, partners } = tallyOfFramework(framework)
    return JSON.stringify({
      ...renderFrameworkHead(framework),
      ...counters,
      slave_ids: [...partners],
    })
  },
)

/**
 * Agents and frameworks with counts of tasks instead of tasks, at `/state-summary`. It is what user
 * interfaces ask for every few seconds: what has not changed since is written as it was.
 */
export function renderStateSummary({ master, cluster }: MasterHttpOptions): LazyObject {
  const { view } = master
  const left = countLeft(view.frameworks.values())
  return new LazyObject({
    hostname: view.info.hostname ?? "",
    cluster,
    slaves: new LazyList(view.agents.values(), (agent) => {
      const tally = left.get(agent.id)
      const counted = tally === undefined ? counts.of(agent) : countedText(agent, tally)
      return new JsonText(joined(agentText(agent), counted))
    }),
    frameworks: new LazyList(
      view.frameworks.values(),
      (framework) => new JsonText(frameworkTexts.of(framework)),
    ),
  })
}
