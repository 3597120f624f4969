import { expect, test } from "bun:test"
import { processesOf } from "../fixtures/leaks.ts"
import { Marathon } from "../fixtures/marathon.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds } from "../fixtures/world.ts"

const open = testWorlds()

test("a killed master comes back with its apps, its running deployment and all tasks", async () => {
  const world = open()
  const master = await world.master()
  const first = await world.place("node-1", ["--hostname", "127.0.0.1"])
  const agents = [await world.agent(master, first)]
  const marathon = new Marathon(master.marathonUrl)
  const steady = await marathon.run({ id: "/steady", cmd: "exec sleep 600", instances: 3 })
  await marathon.run({
    id: "/spread",
    cmd: "exec sleep 600",
    constraints: [["hostname", "UNIQUE"]],
  })
  await marathon.ok("PUT", "/v2/apps/spread", { instances: 2 })
  const [deployment, ...others] = await marathon.deployments()
  expect(others).toEqual([])
  const daemons = new Set([master.pid, ...agents.map(({ pid }) => pid)])
  const tasksOf = (): readonly number[] =>
    processesOf(world.path).filter((pid) => !daemons.has(pid))
  const processes = tasksOf()
  const versions = (await marathon.apps()).map(({ id, version }) => ({ id, version }))

  await master.end("SIGKILL")
  const again = await world.master({ ports: master.ports })
  daemons.add(again.pid)
  expect((await marathon.apps()).map(({ id, version }) => ({ id, version }))).toEqual(versions)
  expect((await marathon.deployments()).map(({ id }) => id)).toEqual([deployment?.id ?? ""])
  await waitFor("the agent to register again", async () => {
    const { slaves } = (await (await fetch(`${again.mesosUrl}/slaves`)).json()) as {
      slaves: readonly { readonly active: boolean }[]
    }
    return slaves.length === 1 && slaves[0]?.active
  })
  expect(await marathon.settled("/steady")).toEqual(steady)

  // The deployment goes on where it stood: it waited for a second host, and here it is.
  await world.agent(again, await world.place("node-2", ["--hostname", "127.0.0.2"]))
  const spread = await marathon.settled("/spread")
  expect(spread.map(({ host }) => host).sort()).toEqual(["127.0.0.1", "127.0.0.2"])
  expect(tasksOf()).toEqual(expect.arrayContaining([...processes]))
  expect((await marathon.tasks("/steady")).map(({ id }) => id)).toEqual(steady.map(({ id }) => id))
})

test("what ends while the master is away is told when it is back", async () => {
  const world = open()
  const master = await world.master()
  const agent = await world.agent(master, await world.place("node"))
  const marathon = new Marathon(master.marathonUrl)
  const go = `${world.path}/go`
  const cmd = `until [ -e ${go} ]; do sleep 0.02; done; exit 7`
  await marathon.run({ id: "/brief", cmd, backoffSeconds: 3600 })
  const daemons = [master.pid, agent.pid]

  await master.end("SIGKILL")
  await Bun.write(go, "")
  await waitFor("the task to end", () =>
    processesOf(world.path).every((pid) => daemons.includes(pid)),
  )
  await world.master({ ports: master.ports })
  await waitFor("the failure to be told", async () => {
    const { lastTaskFailure } = await marathon.app("/brief")
    return lastTaskFailure?.message === "Command exited with status 7"
  })
})

test("a whole cluster in one process is killed and comes back with the same processes", async () => {
  const world = open()
  const cluster = await world.up()
  const marathon = new Marathon(cluster.marathonUrl)
  const before = await marathon.run({ id: "/steady", cmd: "exec sleep 600", instances: 3 })
  const processes = processesOf(world.path).filter((pid) => pid !== cluster.pid)
  await cluster.end("SIGKILL")
  const again = await world.up({ ports: cluster.ports, args: cluster.args })
  await waitFor("the tasks to be known again", async () => {
    const { tasks } = (await (await fetch(`${again.mesosUrl}/tasks`)).json()) as {
      tasks: readonly { readonly state: string }[]
    }
    return tasks.filter(({ state }) => state === "TASK_RUNNING").length === 3
  })
  expect(await marathon.settled("/steady")).toEqual(before)
  expect(processesOf(world.path).filter((pid) => pid !== again.pid)).toEqual(processes)
})
