import { busyboxImage, loadBusyboxImage } from "../fixtures/busybox-image.ts"
import { startAgent, startMaster, temporaryFolder } from "../fixtures/daemons.ts"
import { containersOf } from "../fixtures/leaks.ts"
import { HttpFramework, scalar } from "../fixtures/http-framework.ts"
import { docker, dockerSocket } from "../fixtures/system-parts.ts"
import { waitFor } from "../fixtures/wait.ts"
import { atMost, median, type Benchmark } from "./result.ts"

/** Containers that are started at once, and how many of them an agent gives to Docker at one time. */
const CONTAINERS = 24
const AT_ONCE = 8

/** Memory of the agent, MiB: enough for all. */
const MEMORY = 4096

/** Runs of each, in turn: what else runs on the machine hits both. */
const RUNS = 3

/** An agent may take a tenth longer than Docker alone. */
const OVERHEAD = 1.1

/** One task is launched before the others, so that the agent knows its daemon. */
const WARM_UP = 1

/** Seconds from the launch of so many containers to the last TASK_RUNNING. */
async function throughAgent(framework: HttpFramework, run: number, count: number): Promise<number> {
  // What was freed last is offered by itself first.
  const offer = await framework.offer(
    ({ resources }) => (resources.find(({ name }) => name === "mem")?.scalar?.value ?? 0) >= MEMORY,
  )
  const names = Array.from({ length: count }, (_, index) => `${run}-${index}`)
  const task_infos = names.map((name) => ({
    name,
    task_id: { value: name },
    agent_id: offer.agent_id,
    command: { value: "exec sleep 1000" },
    container: { type: "DOCKER", docker: { image: busyboxImage, network: "HOST" } },
    resources: [scalar("cpus", 0.01), scalar("mem", 32)],
    kill_policy: { grace_period: { nanoseconds: 0 } },
  }))
  const start = performance.now()
  await framework.accept(offer, [{ type: "LAUNCH", launch: { task_infos } }])
  await Promise.all(names.map((name) => framework.until(name, "TASK_RUNNING")))
  const seconds = (performance.now() - start) / 1000
  for (const value of names) await framework.call({ type: "KILL", kill: { task_id: { value } } })
  await Promise.all(names.map((name) => framework.until(name, "TASK_KILLED")))
  return seconds
}

/** Seconds that as many `docker run` take, as many at one time. */
async function withoutAgent(): Promise<number> {
  const docker = `docker -H unix://${dockerSocket}`
  const label = "dcos.bench=docker-start"
  const limits = "--net host --cpu-shares 10 --memory 32m"
  const run = `${docker} run -d --label ${label} ${limits} ${busyboxImage} sh -c 'exec sleep 1000'`
  const start = performance.now()
  await shell(`seq ${CONTAINERS} | xargs -P ${AT_ONCE} -I{} ${run}`)
  const seconds = (performance.now() - start) / 1000
  await shell(`${docker} rm -f $(${docker} ps -aq --filter label=${label})`)
  return seconds
}

async function shell(command: string): Promise<void> {
  const child = Bun.spawn(["sh", "-c", command], { stdout: "ignore", stderr: "pipe" })
  if ((await child.exited) !== 0) throw new Error(await new Response(child.stderr).text())
}

async function run(executable: string) {
  const { missing } = await docker()
  if (missing !== undefined) throw new Error(`docker-start needs Docker: ${missing}`)
  await loadBusyboxImage()
  const folder = temporaryFolder()
  const master = await startMaster(executable, `${folder.path}/master`)
  const args = ["--docker-socket", dockerSocket, "--resources", `cpus:4;mem:${MEMORY}`]
  const agent = await startAgent(executable, `${folder.path}/agent`, { master, args })
  try {
    using framework = await HttpFramework.subscribe(master.mesosUrl)
    await throughAgent(framework, -1, WARM_UP)
    const ours: number[] = []
    const alone: number[] = []
    for (let turn = 0; turn < RUNS; turn++) {
      alone.push(await withoutAgent())
      ours.push(await throughAgent(framework, turn, CONTAINERS))
      const gone = async () => (await containersOf(folder.path)).length === 0
      await waitFor("the containers to be removed", gone)
    }
    const budget = median(alone) * OVERHEAD
    return [
      atMost("docker-start", median(ours), "s", budget),
      atMost("docker-run", median(alone), "s", null),
    ]
  } finally {
    await agent.end()
    await master.end()
    folder.remove()
  }
}

/** Containers of Docker through an agent, to TASK_RUNNING, against as many `docker run`, as many at one time. */
export const dockerStart: Benchmark = {
  name: "docker-start",
  measures: ["docker-start", "docker-run"],
  run,
}
