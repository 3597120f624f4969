import { processorSeconds, temporaryFolder } from "../fixtures/daemons.ts"
import { waitFor } from "../fixtures/wait.ts"
import { atLeast, atMost, type Benchmark, type BenchResult } from "./result.ts"
import { startMaster } from "./scale/start-master.ts"
import { SimulatedCluster } from "./scale/simulated-cluster.ts"

const SIZES = [1_000, 5_000, 10_000, 30_000]

/** Tasks launched before the measurement, so that the code is compiled, and during it. */
const WARM_UP = 6_000
const TASKS = 24_000

const DEADLINE_MS = 60_000

/** Launches a second of the master's processor time, with so many agents. */
async function launchRate(agents: number): Promise<number> {
  const folder = temporaryFolder()
  const master = await startMaster(folder.path)
  const cluster = new SimulatedCluster({ agents, tasks: 0, frameworks: 1, roles: 1, patient: true })
  const launched = (tasks: number): Promise<true> =>
    waitFor(
      `${tasks} tasks to run and be acknowledged`,
      () => cluster.counts.running >= tasks && cluster.counts.acknowledged >= 2 * tasks,
      DEADLINE_MS,
    )
  try {
    await cluster.connect(master.socket)
    cluster.prepareRegistrations()
    cluster.subscribeAll()
    cluster.registerAll()
    await waitFor(
      `${agents} agents to be offered`,
      () => cluster.counts.offers >= agents,
      DEADLINE_MS,
    )
    cluster.launch(WARM_UP)
    await launched(WARM_UP)
    const before = processorSeconds(master.pid)
    cluster.launch(TASKS)
    await launched(WARM_UP + TASKS)
    return TASKS / (processorSeconds(master.pid) - before)
  } finally {
    cluster.disconnect()
    await master.end("SIGKILL")
    folder.remove()
  }
}

async function run(): Promise<readonly BenchResult[]> {
  const results: BenchResult[] = []
  const rates: number[] = []
  for (const agents of SIZES) {
    const rate = await launchRate(agents)
    rates.push(rate)
    results.push(atLeast(`launch-rate-${agents}-agents`, rate, "1/s", null))
  }
  const growth = 100 * (Math.max(...rates) / Math.min(...rates) - 1)
  return [...results, atMost("launch-rate-spread", growth, "%", 25)]
}

/** Whether a launch costs the master the same however many agents there are. */
export const growth: Benchmark = {
  name: "growth",
  measures: [...SIZES.map((agents) => `launch-rate-${agents}-agents`), "launch-rate-spread"],
  run,
}
