import { waitFor } from "../fixtures/wait.ts"
import { startOneNode, type OneNode } from "./one-node.ts"
import { atMost, median, type Benchmark, type BenchResult } from "./result.ts"
import { SchedulerClient, sleeper } from "./scheduler-client.ts"

const RUNS = 7

/** How often a master that is starting is asked, in milliseconds. */
const EVERY_MS = 2

/** When things happened, milliseconds of `performance.now`; 0 until they do. */
type Moments = { offered: number; running: number; killed: number }

/** Subscribes as soon as the master answers, and runs one task to see it run and end. */
function runTask(node: OneNode, moments: Moments): Promise<SchedulerClient> {
  const subscribe = () =>
    SchedulerClient.subscribe(node.mesosPort, (framework) => ({
      offer: (offer) => {
        framework.accept(offer, moments.offered === 0 ? [sleeper("first", offer)] : [])
        moments.offered ||= performance.now()
      },
      status: (status) => {
        framework.acknowledge(status)
        if (status.state === "TASK_KILLED") moments.killed = performance.now()
        if (status.state !== "TASK_RUNNING") return
        moments.running = performance.now()
        framework.kill(status)
      },
    }))
  return waitFor("the master to take a framework", subscribe, 30_000, EVERY_MS)
}

async function runOnce(executable: string): Promise<Moments> {
  const node = await startOneNode(executable)
  const moments: Moments = { offered: 0, running: 0, killed: 0 }
  try {
    const framework = await runTask(node, moments)
    await waitFor("a task to run and end", () => moments.killed > 0)
    framework.stop()
  } finally {
    await node.stop()
  }
  return {
    offered: moments.offered - node.startedAt,
    running: moments.running - node.startedAt,
    killed: moments.killed - node.startedAt,
  }
}

async function run(executable: string): Promise<readonly BenchResult[]> {
  const runs: Moments[] = []
  for (let i = 0; i < RUNS; i++) runs.push(await runOnce(executable))
  return [
    atMost("up-to-first-offer", median(runs.map(({ offered }) => offered)) / 1000, "s", null),
    atMost("up-to-first-task", median(runs.map(({ running }) => running)) / 1000, "s", 1),
  ]
}

/** From the start of `dcos up` to the first offer, and to the first task that runs. */
export const up: Benchmark = {
  name: "up",
  measures: ["up-to-first-offer", "up-to-first-task"],
  run,
}
