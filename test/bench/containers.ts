import { rootFileSystem } from "../fixtures/busybox-image.ts"
import {
  residentMib,
  startAgent,
  startMaster,
  temporaryFolder,
  type MasterDaemon,
} from "../fixtures/daemons.ts"
import { HttpFramework, scalar, type Offer } from "../fixtures/http-framework.ts"
import { processesOf } from "../fixtures/leaks.ts"
import { Registry } from "../fixtures/registry.ts"
import { waitFor } from "../fixtures/wait.ts"
import { atMost, median, type Benchmark, type BenchResult } from "./result.ts"
import { runcAlone } from "./runc-alone.ts"

/** Containers that are started one after another; one more goes first and is not counted. */
const ONE_BY_ONE = 21

/** Containers that are started at once. */
const MANY = 100
const MOST = 1000

/** Containers that run while the agent's memory is looked at, and that its next life finds again. */
const KEPT = 200

/** How long anything may take before the benchmark gives up. */
const DEADLINE_MS = 300_000

/** Launches that an agent has under way at one time. */
const AT_ONCE = 8

/** Docker Swarm's time for a hundred replicas on two such cores, in seconds: design, section 13. */
const SWARM_100_S = 31

const RESOURCES = "cpus:1000;mem:100000"
const TASK_MIB = 32

type Scene = {
  readonly master: MasterDaemon
  readonly framework: HttpFramework
  readonly serial: { next: number }
}

/** Launches containers on one offer and waits until all run; the milliseconds that took. */
async function start(scene: Scene, count: number, container: object | undefined): Promise<number> {
  const { framework, serial } = scene
  const offer = await framework.offer(
    ({ resources }) =>
      (resources.find(({ name }) => name === "mem")?.scalar?.value ?? 0) >= count * TASK_MIB,
  )
  const ids = new Set<string>()
  const infos = Array.from({ length: count }, () => {
    const id = `task-${serial.next++}`
    ids.add(id)
    return taskOf(id, offer, container)
  })
  const from = performance.now()
  const seen = framework.statuses.length
  await framework.accept(offer, [{ type: "LAUNCH", launch: { task_infos: infos } }])
  let looked = seen
  let failure: string | undefined
  await waitFor(
    `${count} containers to run`,
    () => {
      for (; looked < framework.statuses.length; looked++) {
        const { state, task_id, message } = framework.statuses[looked] ?? { state: "" }
        if (/FAILED|ERROR|LOST/.test(state)) failure = `${state}: ${message}`
        if (state === "TASK_RUNNING") ids.delete(task_id?.value ?? "")
      }
      return ids.size === 0 || failure !== undefined
    },
    DEADLINE_MS,
    1,
  )
  if (failure !== undefined) throw new Error(failure)
  return performance.now() - from
}

const taskOf = (id: string, offer: Offer, container: object | undefined) => ({
  name: id,
  task_id: { value: id },
  agent_id: offer.agent_id,
  command: { value: "exec sleep 100000" },
  container,
  resources: [scalar("cpus", 0.01), scalar("mem", TASK_MIB)],
})

/** Ends every task that runs, and waits until it has ended. */
async function endAll({ framework, serial }: Scene): Promise<void> {
  const ended = () =>
    new Set(
      framework.statuses
        .filter(({ state }) => /KILLED|FAILED|FINISHED/.test(state))
        .map(({ task_id }) => task_id.value),
    )
  const known = ended()
  for (let index = 0; index < serial.next; index++)
    if (!known.has(`task-${index}`))
      await framework.call({ type: "KILL", kill: { task_id: { value: `task-${index}` } } })
  await waitFor("every task to end", () => ended().size === serial.next, DEADLINE_MS)
}

/** The middle time in milliseconds from a launch to TASK_RUNNING, one after another. */
async function oneByOne(scene: Scene, container: object | undefined): Promise<number> {
  const times: number[] = []
  for (let index = 0; index <= ONE_BY_ONE; index++) times.push(await start(scene, 1, container))
  await endAll(scene)
  return median(times.slice(1))
}

/** What the master lists of its only agent. */
async function agentIsActive(master: MasterDaemon): Promise<boolean> {
  const { slaves } = (await (await fetch(`${master.mesosUrl}/slaves`)).json()) as {
    readonly slaves: readonly { readonly active: boolean }[]
  }
  return slaves.some(({ active }) => active)
}

/** Containers as an agent on this machine starts, keeps and finds them, under a real master. */
export const containers: Benchmark = {
  name: "containers",
  measures: [
    "process-start-p50",
    "runc-start-p50",
    "runc-alone-start",
    "runc-image-start-p50",
    "runc-start-100",
    "runc-alone-100",
    "runc-start-1000",
    "swarm-start-100",
    "agent-memory-200",
    "recovery-200",
  ],
  run: async (executable) => {
    const folder = temporaryFolder()
    const registry = await Registry.start(`${folder.path}/registry`)
    const master = await startMaster(executable, `${folder.path}/master`)
    const workDir = `${folder.path}/agent`
    const args = ["--resources", RESOURCES, "--cgroups-root", "dcos-bench"]
    let agent = await startAgent(executable, workDir, { master, args })
    const { port } = agent
    const framework = await HttpFramework.subscribe(master.mesosUrl)
    const scene: Scene = { master, framework, serial: { next: 0 } }
    const results: BenchResult[] = []
    try {
      const layers = [{ tar: new Uint8Array(await rootFileSystem()) }]
      await registry.push("bench:1", { layers, config: { Env: ["PATH=/bin"] } })
      const image = { type: "DOCKER", docker: { name: `${registry.host}/bench:1` } }
      const withImage = { type: "MESOS", mesos: { image } }
      const plain = { type: "MESOS" }
      const process = await oneByOne(scene, undefined)
      results.push(atMost("process-start-p50", process, "ms", 15))
      results.push(atMost("runc-start-p50", await oneByOne(scene, plain), "ms", 80))
      results.push(atMost("runc-image-start-p50", await oneByOne(scene, withImage), "ms", 150))
      results.push(atMost("runc-start-100", (await start(scene, MANY, plain)) / 1000, "s", 2))
      const bundles = `${workDir}/runtime/runc/containers`
      const alone = async (count: number, atOnce: number): Promise<number> =>
        runcAlone({ bundles, directory: `${folder.path}/alone-${count}`, count, atOnce })
      results.push(atMost("runc-alone-100", (await alone(MANY, AT_ONCE)) / 1000, "s", null))
      const single = (await alone(ONE_BY_ONE, 1)) / ONE_BY_ONE
      results.push(atMost("runc-alone-start", single, "ms", null))
      results.push(atMost("swarm-start-100", SWARM_100_S, "s", null))
      await start(scene, KEPT - MANY, plain)
      results.push(atMost("agent-memory-200", residentMib(agent.pid), "MiB", 120))
      await agent.end("SIGKILL")
      await waitFor("the master to notice", async () => !(await agentIsActive(master)))
      const from = performance.now()
      agent = await startAgent(executable, workDir, { master, args, port })
      await waitFor("the agent to be back", () => agentIsActive(master), DEADLINE_MS, 5)
      results.push(atMost("recovery-200", (performance.now() - from) / 1000, "s", 2))
      await endAll(scene)
      results.push(atMost("runc-start-1000", (await start(scene, MOST, plain)) / 1000, "s", 15))
      await endAll(scene)
      return results
    } finally {
      await framework.call({ type: "TEARDOWN" }).catch(() => {})
      await waitFor("nothing to run", () => processesOf(`${workDir}/runtime`).length === 0).catch(
        () => {},
      )
      framework[Symbol.dispose]()
      await agent.end()
      await master.end()
      await registry.end()
      folder.remove()
    }
  },
}
