import { residentMib, startAgent, startMaster, temporaryFolder } from "../fixtures/daemons.ts"
import { waitFor } from "../fixtures/wait.ts"
import { atMost, type Benchmark, type BenchResult } from "./result.ts"

/** How long master and agent run before they are looked at: several rounds of pings and heartbeats. */
const SETTLE_MS = 30_000

/** Whether the master counts an agent as active. */
async function isRegistered(mesosUrl: string): Promise<boolean> {
  const summary = (await (await fetch(`${mesosUrl}/state-summary`)).json()) as {
    readonly slaves: readonly { readonly active: boolean }[]
  }
  return summary.slaves.some(({ active }) => active)
}

async function run(executable: string): Promise<readonly BenchResult[]> {
  const folder = temporaryFolder()
  const master = await startMaster(executable, `${folder.path}/master`)
  const agent = await startAgent(executable, `${folder.path}/agent`, { master })
  try {
    await waitFor("the agent to register", () => isRegistered(master.mesosUrl))
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    return [
      atMost("idle-memory-master", residentMib(master.pid), "MiB", 120),
      atMost("idle-memory-agent", residentMib(agent.pid), "MiB", 70),
    ]
  } finally {
    await agent.end()
    await master.end()
    folder.remove()
  }
}

/** Resident memory of a master and of an agent that have nothing to do. */
export const idleMemory: Benchmark = {
  name: "idle-memory",
  measures: ["idle-memory-master", "idle-memory-agent"],
  run,
}
