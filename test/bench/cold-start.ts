import { startOneNode, type OneNode } from "./one-node.ts"
import { atMost, median, type Benchmark, type BenchResult } from "./result.ts"

const RUNS = 30
const APPS = 1_000

/** Runs a command to its end, which must be a success, and returns what it wrote on standard error. */
function succeed({ dcos }: OneNode, command: readonly string[]): string {
  const child = Bun.spawnSync([...command], { env: dcos.env, stdin: "ignore" })
  const said = child.stderr.toString()
  if (child.exitCode !== 0) throw new Error(`${command.join(" ")}: ${child.exitCode} ${said}`)
  return said
}

function startMs(node: OneNode, args: readonly string[]): number {
  const started = performance.now()
  succeed(node, [node.executable, ...args])
  return performance.now() - started
}

/**
 * Peak resident memory of a command, MiB, as time(1) tells it. (What this process hears of its children
 * does not tell: Linux counts the memory they shared with it until they were executed.)
 */
const peakMib = (node: OneNode, args: readonly string[]): number =>
  Number(succeed(node, ["time", "-f", "%M", node.executable, ...args])) / 1024

/** Medians over many starts, each in a process of its own; the first one only warms the page cache. */
function measure(node: OneNode, name: string, args: readonly string[]): readonly BenchResult[] {
  startMs(node, args)
  const times = Array.from({ length: RUNS }, () => startMs(node, args))
  const time = atMost(`${name}-time`, median(times), "ms", 20)
  if (Bun.which("time") === null) {
    console.error(`${name}-memory: not measured, as time(1) is not installed`)
    return [time]
  }
  const peaks = Array.from({ length: RUNS }, () => peakMib(node, args))
  return [time, atMost(`${name}-memory`, median(peaks), "MiB", 45)]
}

/** Milliseconds that the master takes to tell all apps: what is left is the command's own time. */
async function listingMs({ marathon }: OneNode): Promise<number> {
  const runs: number[] = []
  for (let i = 0; i < RUNS; i++) {
    const started = performance.now()
    await marathon.apps()
    runs.push(performance.now() - started)
  }
  return median(runs)
}

async function run(executable: string): Promise<readonly BenchResult[]> {
  const node = await startOneNode(executable)
  try {
    await node.ready()
    // Attached to a cluster it would ask that for its version too.
    const version = measure(node, "cold-start-version", ["--version"])
    await node.dcos.ok(`cluster setup ${node.routerUrl}`)
    await node.marathon.ok(
      "PUT",
      "/v2/apps",
      Array.from({ length: APPS }, (_, index) => ({
        id: `/bench/app-${index}`,
        cmd: "sleep 1000",
        instances: 0,
      })),
    )
    const list = measure(node, "cold-start-app-list", ["marathon", "app", "list"])
    return [...version, ...list, atMost("api-app-list", await listingMs(node), "ms", null)]
  } finally {
    await node.stop()
  }
}

/** What starting a client command costs: one that asks nobody, and one that shows 1,000 apps. */
export const coldStart: Benchmark = {
  name: "cold-start",
  measures: [
    "cold-start-version-time",
    "cold-start-version-memory",
    "cold-start-app-list-time",
    "cold-start-app-list-memory",
    "api-app-list",
  ],
  run,
}
