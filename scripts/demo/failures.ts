import { readdirSync, readFileSync } from "node:fs"
import { waitFor } from "../../test/fixtures/wait.ts"
import type { DemoCluster, DemoTask } from "./cluster.ts"
import { done, heading, tell } from "./show.ts"
import { Visitor } from "./visitor.ts"

const APP = "helloworld"

/** Instances that are kept through all failures. */
const INSTANCES = 5

/** Process ids whose environment names this Mesos task. */
function processesOf(taskId: string): readonly number[] {
  const found: number[] = []
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue
    try {
      if (
        readFileSync(`/proc/${name}/environ`, "latin1")
          .split("\0")
          .includes(`MESOS_TASK_ID=${taskId}`)
      )
        found.push(Number(name))
    } catch {
      // It ended meanwhile, or is not ours to read.
    }
  }
  return found
}

function killTask(task: DemoTask): void {
  for (const pid of processesOf(task.id)) process.kill(pid, "SIGKILL")
}

const ids = (tasks: readonly DemoTask[]): ReadonlySet<string> => new Set(tasks.map(({ id }) => id))

/** Waits until five healthy instances run and none of `gone` is among them. */
const recovered = (cluster: DemoCluster, gone: ReadonlySet<string>): Promise<readonly DemoTask[]> =>
  waitFor(
    "five healthy instances",
    async () => {
      const tasks = await cluster.healthy(APP, INSTANCES)
      return !tasks.some(({ id }) => gone.has(id)) && tasks
    },
    120_000,
  )

/** Runs one failure while somebody keeps reading the page, and tells what that person saw. */
async function during(
  cluster: DemoCluster,
  title: string,
  fail: () => Promise<void>,
): Promise<void> {
  heading(title)
  const visitor = new Visitor(cluster, APP)
  try {
    await waitFor("the first visit", () => visitor.counts.answered > 0)
    await fail()
  } finally {
    await visitor.stop()
  }
  const { answered, unanswered, passedOver } = visitor.counts
  tell(
    `meanwhile the page was read ${answered} times; ${unanswered} visits found no instance, ${passedOver} times a dead one was passed over`,
  )
}

async function taskFailure(cluster: DemoCluster): Promise<void> {
  const [victim] = await cluster.tasks(APP)
  if (victim === undefined) throw new Error("there is no task to kill")
  tell(`killing the processes of ${victim.id}`)
  const since = performance.now()
  killTask(victim)
  await recovered(cluster, new Set([victim.id]))
  done("the agent told the exit, Marathon started a new instance, and it is healthy", since)
}

async function agentFailure(cluster: DemoCluster): Promise<void> {
  const node = cluster.nodes[0]
  if (node === undefined) throw new Error("there is no second node")
  const before = ids(await cluster.tasks(APP))
  tell(`killing the agent process of ${node.name} (${node.daemon.pid}), not its tasks`)
  await node.daemon.end("SIGKILL")
  const since = performance.now()
  node.daemon = cluster.startNode(node.name, node.port)
  await cluster.nodesRegistered(cluster.nodes.length + 1)
  done("the agent started again, found its tasks and registered with its old id", since)
  const after = await recovered(cluster, new Set())
  const kept = after.filter(({ id }) => before.has(id)).length
  tell(`${kept} of ${INSTANCES} instances are the ones from before`)
}

async function nodeFailure(cluster: DemoCluster): Promise<void> {
  const tasks = await cluster.tasks(APP)
  const node = cluster.nodes.find(({ name }) => onNode(tasks, name).length > 0)
  if (node === undefined) throw new Error("no node but the first has a task")
  const victims = onNode(tasks, node.name)
  tell(`killing ${node.name} whole: its agent and its ${victims.length} instance(s)`)
  const since = performance.now()
  await node.daemon.end("SIGKILL")
  for (const victim of victims) killTask(victim)
  await recovered(cluster, ids(victims))
  done("the master missed its pings, Marathon placed the instances on other nodes", since)
  node.daemon = cluster.startNode(node.name, node.port)
  await cluster.nodesRegistered(cluster.nodes.length + 1)
  tell(`${node.name} is back in the cluster`)
}

const onNode = (tasks: readonly DemoTask[], name: string): readonly DemoTask[] =>
  tasks.filter(({ host }) => host === `127.0.0.${2 + Number(name.slice(-1))}`)

async function masterFailure(cluster: DemoCluster): Promise<void> {
  const before = ids(await cluster.tasks(APP))
  const since = performance.now()
  await cluster.restartUp()
  await cluster.nodesRegistered(cluster.nodes.length + 1)
  done("a new master read its store, and all agents registered with their tasks", since)
  const after = await recovered(cluster, new Set())
  const kept = after.filter(({ id }) => before.has(id)).length
  done(`${kept} of ${INSTANCES} instances are the ones from before`, since)
}

async function frameworkFailure(cluster: DemoCluster): Promise<void> {
  const before = ids(await cluster.tasks(APP))
  tell("making Marathon step down: its scheduler leaves the master, its tasks run on")
  const since = performance.now()
  await fetch(`${cluster.url("marathon")}/v2/leader`, { method: "DELETE" })
  await waitFor("Marathon to answer again", async () => (await cluster.tasks(APP)).length > 0)
  const after = await recovered(cluster, new Set())
  done("a new Marathon recovered its state and subscribed as the same framework", since)
  const kept = after.filter(({ id }) => before.has(id)).length
  tell(`${kept} of ${INSTANCES} instances are the ones from before`)
}

/** The five failures of the talks, one after another. */
export async function showFailures(cluster: DemoCluster): Promise<void> {
  await during(cluster, "1. A task fails", () => taskFailure(cluster))
  await during(cluster, "2. An agent process fails", () => agentFailure(cluster))
  await during(cluster, "3. A node fails", () => nodeFailure(cluster))
  await during(cluster, "4. The master fails", () => masterFailure(cluster))
  await during(cluster, "5. A framework fails", () => frameworkFailure(cluster))
}
