import { processorSeconds, residentMib, temporaryFolder } from "../../fixtures/daemons.ts"
import { waitFor } from "../../fixtures/wait.ts"
import { atMost, median, type Benchmark, type BenchResult } from "../result.ts"
import type { Lag } from "./frames.ts"
import { startMaster, type MasterProcess } from "./start-master.ts"
import { SimulatedCluster } from "./simulated-cluster.ts"
import { FULL_SIZE } from "./sizes.ts"

/** How long any one step may take before the benchmark gives up, in milliseconds. */
const DEADLINE_MS = 120_000

/** How long the master runs on as ever before its memory is looked at; nobody makes it collect garbage. */
const SETTLE_MS = 20_000

/** How often each large document is asked for. */
const GETS = 5

/** Updates a second while the lag is measured, and for how many seconds. */
const UPDATES_PER_SECOND = 5_000
const UPDATE_SECONDS = 6

/** How many times a second they are sent. */
const UPDATE_TICKS = 50

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** From nothing to all tasks running: the memory that this needs. */
async function fill(cluster: SimulatedCluster, master: MasterProcess): Promise<BenchResult[]> {
  await cluster.connect(master.socket)
  cluster.prepareRegistrations()
  const started = performance.now()
  cluster.subscribeAll()
  cluster.registerAll()
  const { tasks } = FULL_SIZE
  await waitFor(
    `${tasks} tasks to run and be acknowledged`,
    () => cluster.counts.running >= tasks && cluster.counts.acknowledged >= 2 * tasks,
    DEADLINE_MS,
  )
  const seconds = (performance.now() - started) / 1000
  const atOnce = residentMib(master.pid)
  await pause(SETTLE_MS)
  const settled = residentMib(master.pid)
  const heap = (await cluster.ask("heap")) as { readonly heapSize: number }
  return [
    atMost("scale-fill", seconds, "s", null),
    atMost("scale-memory-at-once", atOnce, "MiB", null),
    atMost("scale-memory", settled, "MiB", 1536),
    atMost("scale-heap", heap.heapSize / 2 ** 20, "MiB", null),
  ]
}

/** How long a document takes to its last byte, in milliseconds, and how many bytes it has. */
async function get(url: string, encoding: "identity" | "gzip"): Promise<readonly [number, number]> {
  const started = performance.now()
  const response = await fetch(url, { headers: { "accept-encoding": encoding } })
  let bytes = 0
  for await (const chunk of response.body ?? []) bytes += chunk.length
  if (!response.ok) throw new Error(`${url}: ${response.status}`)
  return [performance.now() - started, bytes]
}

/** A large document as it is, asked for again and again: how late timers are meanwhile, too. */
async function document(
  cluster: SimulatedCluster,
  url: string,
  names: { readonly name: string; readonly budgetMs: number },
): Promise<BenchResult[]> {
  const times: number[] = []
  const compressed: number[] = []
  let bytes = 0
  await cluster.ask("resetLag")
  for (let i = 0; i < GETS; i++) {
    const [ms, length] = await get(url, "identity")
    times.push(ms)
    bytes = length
  }
  const lag = (await cluster.ask("lag")) as Lag
  for (let i = 0; i < GETS; i++) compressed.push((await get(url, "gzip"))[0])
  return [
    atMost(names.name, median(times), "ms", names.budgetMs),
    atMost(`${names.name}-first`, times[0] ?? 0, "ms", null),
    atMost(`${names.name}-gzip`, median(compressed), "ms", null),
    atMost(`${names.name}-size`, bytes / 2 ** 20, "MiB", null),
    atMost(`${names.name}-lag`, lag.max, "ms", 50),
  ]
}

/** How late timers are while status updates come at a steady pace. */
async function updates(cluster: SimulatedCluster): Promise<BenchResult[]> {
  await cluster.ask("resetLag")
  const { acknowledged } = cluster.counts
  const started = performance.now()
  for (let tick = 1; tick <= UPDATE_SECONDS * UPDATE_TICKS; tick++) {
    cluster.repeatUpdates(UPDATES_PER_SECOND / UPDATE_TICKS)
    await pause(Math.max(0, started + (1000 * tick) / UPDATE_TICKS - performance.now()))
  }
  const lag = (await cluster.ask("lag")) as Lag
  await waitFor(
    "the updates to be acknowledged",
    () => cluster.counts.acknowledged >= acknowledged + UPDATES_PER_SECOND * UPDATE_SECONDS,
    DEADLINE_MS,
  )
  return [
    atMost("updates-5k-lag-p99", lag.p99, "ms", 20),
    atMost("updates-5k-lag-max", lag.max, "ms", null),
  ]
}

/** The master ends without a word and starts again: until all agents are back and offers are made. */
async function restart(
  cluster: SimulatedCluster,
  before: MasterProcess,
  folder: string,
): Promise<{ readonly master: MasterProcess; readonly results: BenchResult[] }> {
  cluster.disconnect()
  await before.end("SIGKILL")
  cluster.prepareRegistrations()
  const started = performance.now()
  const master = await startMaster(folder)
  await cluster.connect(master.socket)
  cluster.subscribeAll()
  cluster.registerAll()
  let offered = 0
  await waitFor(
    "all agents to be back, and an offer",
    () => {
      if (cluster.counts.offers > 0) offered ||= performance.now()
      return offered > 0 && cluster.counts.registered >= FULL_SIZE.agents
    },
    DEADLINE_MS,
    5,
  )
  const seconds = (performance.now() - started) / 1000
  return {
    master,
    results: [
      atMost("leader-restart", seconds, "s", 10),
      atMost("leader-restart-first-offer", (offered - started) / 1000, "s", null),
      atMost("leader-restart-cpu", processorSeconds(master.pid), "s", null),
    ],
  }
}

async function run(): Promise<readonly BenchResult[]> {
  const folder = temporaryFolder()
  const cluster = new SimulatedCluster(FULL_SIZE)
  let master = await startMaster(folder.path)
  try {
    const results = await fill(cluster, master)
    results.push(
      ...(await updates(cluster)),
      ...(await document(cluster, `${master.url}/state-summary`, {
        name: "state-summary",
        budgetMs: 150,
      })),
      ...(await document(cluster, `${master.url}/state`, { name: "state", budgetMs: 2_000 })),
      atMost("state-memory", residentMib(master.pid), "MiB", 1536),
    )
    const restarted = await restart(cluster, master, folder.path)
    master = restarted.master
    results.push(...restarted.results)
    results.push(atMost("leader-restart-memory", residentMib(master.pid), "MiB", null))
    return results
  } finally {
    await master.end("SIGKILL")
    folder.remove()
  }
}

/** The largest cluster: its memory, its documents, the lag under updates, and a new leader's start. */
export const scale: Benchmark = {
  name: "scale",
  measures: [
    "scale-fill",
    "scale-memory-at-once",
    "scale-heap",
    "scale-memory",
    "updates-5k-lag-p99",
    "updates-5k-lag-max",
    "state-summary",
    "state-summary-first",
    "state-summary-gzip",
    "state-summary-size",
    "state-summary-lag",
    "state",
    "state-first",
    "state-gzip",
    "state-size",
    "state-lag",
    "state-memory",
    "leader-restart",
    "leader-restart-first-offer",
    "leader-restart-cpu",
    "leader-restart-memory",
  ],
  run,
}
