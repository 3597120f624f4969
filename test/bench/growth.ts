import { processorSeconds, temporaryFolder } from "../fixtures/daemons.ts"
import { waitFor } from "../fixtures/wait.ts"
import { atLeast, atMost, median, type Benchmark, type BenchResult } from "./result.ts"
import { startMaster } from "./scale/start-master.ts"
import { SimulatedCluster } from "./scale/simulated-cluster.ts"

const SIZES = [1_000, 5_000, 10_000, 30_000]

/**
 * Tasks launched at once, and how often: first so that the code is compiled, and then measured. The
 * median leaves out what late compilations and garbage collections of the whole heap cost some of them.
 * A thousand agents have room for 64,000 tasks.
 */
const BATCH = 5_000
const WARM_UPS = 2
const BATCHES = 9

const DEADLINE_MS = 60_000

/** Launches a second of the master's processor time, with so many agents. */
async function launchRate(agents: number): Promise<number> {
  const folder = temporaryFolder()
  const master = await startMaster(folder.path)
  const cluster = new SimulatedCluster({ agents, tasks: 0, frameworks: 1, roles: 1, patient: true })
  let launched = 0
  /** Launches a batch, and returns the processor time that it took the master, in seconds. */
  const batch = async (): Promise<number> => {
    const before = processorSeconds(master.pid)
    cluster.launch(BATCH)
    launched += BATCH
    await waitFor(
      `${launched} tasks to run and be acknowledged`,
      () => cluster.counts.running >= launched && cluster.counts.acknowledged >= 2 * launched,
      DEADLINE_MS,
    )
    return processorSeconds(master.pid) - before
  }
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
    for (let i = 0; i < WARM_UPS; i++) await batch()
    const seconds: number[] = []
    for (let i = 0; i < BATCHES; i++) seconds.push(await batch())
    return BATCH / median(seconds)
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
