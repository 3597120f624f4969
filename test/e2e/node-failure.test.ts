import { expect, test } from "bun:test"
import { processesOf } from "../fixtures/leaks.ts"
import { Marathon } from "../fixtures/marathon.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds, type World } from "../fixtures/world.ts"

const open = testWorlds()

/** A master that gives a silent node up after two seconds, and nodes on hosts of their own. */
async function startNodes(world: World, hosts: readonly string[]) {
  const args = "--agent-ping-timeout 500ms --max-agent-ping-timeouts 3".split(" ")
  const master = await world.master({ args })
  const agents = await Promise.all(
    hosts.map(async (host) => {
      const place = await world.place(host, ["--hostname", host])
      return { host, place, daemon: await world.agent(master, place) }
    }),
  )
  return { master, marathon: new Marathon(master.marathonUrl), agents }
}

const spread = { cmd: "sleep 600", instances: 2, constraints: [["hostname", "UNIQUE"]] }

test("the tasks of a node that is gone are replaced on another", async () => {
  const world = open()
  const { marathon, agents } = await startNodes(world, ["127.0.0.1", "127.0.0.2", "127.0.0.3"])
  const before = await marathon.run({ id: "/spread", ...spread })
  const [lost, kept] = before
  const node = agents.find(({ host }) => host === lost?.host)
  if (node === undefined) throw new Error("no agent has the task")
  await world.losePower(node.place)

  const after = await waitFor("the lost task to be replaced", async () => {
    const tasks = await marathon.tasks("/spread")
    const running = tasks.filter(({ state }) => state === "TASK_RUNNING")
    return running.length === 2 && running.every(({ id }) => id !== lost?.id) ? running : undefined
  })
  expect(after.map(({ id }) => id)).toContain(kept?.id ?? "")
  const third = agents.find(({ host }) => before.every((task) => task.host !== host))
  expect(after.map(({ host }) => host)).toContain(third?.host ?? "")
})

test("a node that was only cut off ends what was replaced meanwhile, and is of use again", async () => {
  const world = open()
  const { marathon, agents } = await startNodes(world, ["127.0.0.1", "127.0.0.2"])
  const [task] = await marathon.run({ id: "/single", cmd: "sleep 600" })
  const node = agents.find(({ host }) => host === task?.host)
  const processes = processesOf(node?.place.workDir ?? "none").filter(
    (pid) => pid !== node?.daemon.pid,
  )
  expect(processes.length).toBeGreaterThan(0)
  process.kill(node?.daemon.pid ?? 0, "SIGSTOP")
  try {
    await waitFor("a replacement elsewhere", async () => {
      const tasks = await marathon.tasks("/single")
      return tasks.some(({ host, state }) => host !== node?.host && state === "TASK_RUNNING")
    })
  } finally {
    process.kill(node?.daemon.pid ?? 0, "SIGCONT")
  }
  await waitFor("the replaced task to be ended", () => {
    const left = new Set(processesOf(node?.place.workDir ?? "none"))
    return processes.every((pid) => !left.has(pid))
  })
  const [kept, ...others] = await marathon.settled("/single")
  expect(others).toEqual([])
  expect(kept?.host).not.toBe(node?.host ?? "")

  await marathon.ok("PUT", "/v2/apps/single", {
    instances: 2,
    constraints: [["hostname", "UNIQUE"]],
  })
  const both = await marathon.settled("/single")
  expect(both.map(({ host }) => host).sort()).toEqual(["127.0.0.1", "127.0.0.2"])
})
