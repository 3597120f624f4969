import { join } from "node:path"
import {
  processorSeconds,
  residentMib,
  startMaster,
  temporaryFolder,
  type MasterDaemon,
} from "../fixtures/daemons.ts"
import { waitFor } from "../fixtures/wait.ts"
import { atLeast, atMost, type Benchmark, type BenchResult } from "./result.ts"
import { SchedulerClient, sleeper } from "./scheduler-client.ts"

const AGENTS = 5_000
const TASKS = 50_000
const TASKS_PER_OFFER = TASKS / AGENTS

/** How long all of it may take, in milliseconds, before the benchmark gives up. */
const DEADLINE_MS = 120_000

/** What a framework has seen, and when (milliseconds of `performance.now`). */
type Progress = { accepted: number; running: number; from: number; acceptedAt: number; at: number }

/** Launches ten small tasks on every offer and acknowledges what it hears of them. */
function launchAll(master: MasterDaemon, progress: Progress): Promise<SchedulerClient> {
  return SchedulerClient.subscribe(master.ports.mesos, (framework) => ({
    offer: (offer) => {
      progress.from ||= performance.now()
      const count = Math.min(TASKS_PER_OFFER, TASKS - progress.accepted)
      const tasks = Array.from({ length: count }, () =>
        sleeper(`task-${progress.accepted++}`, offer),
      )
      if (count > 0) progress.acceptedAt = performance.now()
      framework.accept(offer, tasks)
    },
    status: (status) => {
      if (status.state === "TASK_RUNNING") progress.running++
      progress.at = performance.now()
      framework.acknowledge(status)
    },
  }))
}

/** Plays the agents in a process of their own, and tells what they have seen. */
function startAgents(master: MasterDaemon) {
  const url = `ws://127.0.0.1:${master.ports.mesos}/api/agent-link`
  const script = join(import.meta.dir, "simulated-agents.ts")
  const child = Bun.spawn([process.execPath, script, url, `${AGENTS}`, master.joinToken()], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  })
  const seen = { registered: 0, launched: 0, acknowledged: 0, closed: 0 }
  void (async () => {
    const decoder = new TextDecoder()
    let rest = ""
    for await (const chunk of child.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n")
      rest = lines.pop() ?? ""
      const last = lines.at(-1)
      if (last) Object.assign(seen, JSON.parse(last))
    }
  })()
  return {
    seen,
    stop: async () => {
      child.kill()
      await child.exited
    },
  }
}

async function measure(
  master: MasterDaemon,
  { seen }: ReturnType<typeof startAgents>,
): Promise<readonly BenchResult[]> {
  await waitFor(
    `${AGENTS} agents to register`,
    () => seen.registered === AGENTS && seen.closed === 0,
    DEADLINE_MS,
  )
  const idleMib = residentMib(master.pid)
  const idleSeconds = processorSeconds(master.pid)
  const progress: Progress = { accepted: 0, running: 0, from: 0, acceptedAt: 0, at: 0 }
  const started = performance.now()
  const framework = await launchAll(master, progress)
  await waitFor(
    `${TASKS} tasks to run and be acknowledged`,
    () => progress.running >= TASKS && seen.acknowledged >= TASKS,
    DEADLINE_MS,
  )
  const ms = performance.now() - started
  framework.stop()
  const { failed } = framework.answers
  if (failed > 0) throw new Error(`the master refused ${failed} calls`)
  const { from, acceptedAt, at } = progress
  return [
    atMost("launch-50k", ms / 1000, "s", 10),
    atMost("launch-50k-master-cpu", processorSeconds(master.pid) - idleSeconds, "s", null),
    atLeast("accepted-offers", (1000 * AGENTS) / (acceptedAt - from), "1/s", null),
    atLeast("status-updates", (1000 * TASKS) / (at - from), "1/s", null),
    atMost("master-memory-5k-agents", idleMib, "MiB", null),
    atMost("master-memory-50k-tasks", residentMib(master.pid), "MiB", null),
  ]
}

async function run(executable: string): Promise<readonly BenchResult[]> {
  const folder = temporaryFolder()
  const master = await startMaster(executable, folder.path, { args: ["--log-level", "warn"] })
  const agents = startAgents(master)
  try {
    return await measure(master, agents)
  } catch (cause) {
    throw new Error(`agents: ${JSON.stringify(agents.seen)}\n${master.output().slice(-2_000)}`, {
      cause,
    })
  } finally {
    await agents.stop()
    await master.end()
    folder.remove()
  }
}

/** 50,000 tasks on 5,000 agents, real sockets all the way, to acknowledged TASK_RUNNING. */
export const launch: Benchmark = {
  name: "launch-50k",
  measures: [
    "launch-50k",
    "launch-50k-master-cpu",
    "accepted-offers",
    "status-updates",
    "master-memory-5k-agents",
    "master-memory-50k-tasks",
  ],
  run,
}
