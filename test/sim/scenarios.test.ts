/**
 * Bugs that the simulation found, each under the faults that bring it about and no others. What a seed
 * means changes with the code; what a scenario means does not.
 */
import { expect, setDefaultTimeout, test } from "bun:test"
import { CALM, type Swarm } from "#lib/sim/index.ts"
import { failure, run } from "./seeds.ts"

// A run takes many seconds where other programs share the machine.
setDefaultTimeout(5 * 60_000)

const SEEDS = [1, 2, 3, 4, 5]

const SCENARIOS: readonly (readonly [name: string, swarm: Partial<Swarm>])[] = [
  // A registration that was repeated because its answer was slow did not name the tasks launched
  // meanwhile, and their resources were offered again: two tasks ran on the same cpus.
  [
    "registrations cross with launches",
    { latencyMaxMs: 3_000, linkBreakMs: 20_000, taskLifeMs: 5_000, quickPings: true },
  ],
  // A late copy of TASK_STARTING turned a running task back, and one of any update kept an ended task
  // from being completed.
  ["updates come twice, the second time late", { duplicate: 0.3, taskLifeMs: 20_000 }],
  // A group that a draining agent refused left its executor in the master's books; a second copy of an
  // operation that was acknowledged already was applied again.
  [
    "operators drain and reserve, and messages come twice",
    { duplicate: 0.3, reorder: 0.1, operatorMs: 2_000, taskLifeMs: 20_000 },
  ],
  // A task had ended while its agent was away; its framework asked, and was told TASK_GONE before the
  // agent's own word came through.
  [
    "tasks end on agents that are away",
    {
      partitionMs: 60_000,
      partitionMaxMs: 60_000,
      streamBreakMs: 30_000,
      frameworkCrashMs: 60_000,
      taskLifeMs: 20_000,
      quickPings: true,
    },
  ],
  // A draining agent that is to be marked gone came back with a task that had ended, and reconciliation
  // told the end before the agent's own word that the task was being killed.
  [
    "operators drain agents while streams break",
    { streamBreakMs: 20_000, linkBreakMs: 20_000, operatorMs: 1_500, commitMaxMs: 2_000 },
  ],
  // An executor was refused, or ended while its agent registered, and the master went on counting it.
  [
    "custom executors come and go while agents and masters die",
    {
      customExecutors: true,
      masterCrashMs: 30_000,
      agentCrashMs: 20_000,
      appFailureMs: 10_000,
      latencyMinMs: 20,
      latencyMaxMs: 2_000,
      commitMaxMs: 2_000,
      taskLifeMs: 5_000,
    },
  ],
  // An agent died after it had noted a second task for an executor that it was launching; the container
  // was launched again without room for that. And a container was removed with one in it that was still
  // dying, which then ran on.
  [
    "containers die of all causes, and runtimes do not answer",
    {
      customExecutors: true,
      agentCrashMs: 20_000,
      outOfMemoryMs: 60_000,
      lostExit: 0.1,
      lateExitMs: 5_000,
      resizeFailure: 0.1,
      runtimeAway: 0.2,
      launchFailure: 0.05,
      slowFetch: 0.1,
    },
  ],
  // A decline was lost, and the offer was held back for the framework that had forgotten it.
  ["answers to offers are lost", { lostCall: 0.2, marathonApart: true }],
]

for (const [name, swarm] of SCENARIOS)
  test.each(SEEDS)(`${name} (seed %d)`, (seed) => {
    expect(failure(run(seed, { swarm: { ...CALM, ...swarm } }))).toBe("")
  })
