import { expect, test } from "bun:test"
import { startLoad, type Load } from "../fixtures/load.ts"
import { Marathon, type AppTask } from "../fixtures/marathon.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds } from "../fixtures/world.ts"

const open = testWorlds()

const urlOf = ({ host, ports }: AppTask): string => `http://${host}:${ports[0]}/`

/** Waits until a message was seen so many times more. */
async function seeMore(load: Load, message: string, count = 50): Promise<void> {
  const before = load.pages.get(message) ?? 0
  await waitFor(`pages that say ${message}`, () => {
    return (load.pages.get(message) ?? 0) > before + count
  })
}

test("a rolling update under load fails no request", async () => {
  const world = open()
  const { dcos } = world
  const cluster = await world.up()
  const marathon = new Marathon(cluster.marathonUrl)
  await dcos.ok(`cluster setup ${cluster.routerUrl}`)
  await dcos.ok("package install helloworld --yes")
  await marathon.settled("/helloworld")
  await dcos.ok("marathon app update helloworld instances=3")
  const before = await marathon.settled("/helloworld")

  const backends = async () => (await marathon.healthyTasks("/helloworld")).map(urlOf)
  const load = startLoad({ clients: 4, listAgeMs: 100, backends })
  await seeMore(load, "Hello, world")
  await dcos.ok('marathon app update helloworld env={"HELLO_MESSAGE":"New"}')
  const after = await marathon.settled("/helloworld", 90_000)
  await seeMore(load, "New")
  await load.stop()

  expect(load.failures).toEqual([])
  expect([...load.pages.keys()].sort()).toEqual(["Hello, world", "New"])
  expect(after).toHaveLength(3)
  const old = new Set(before.map(({ id }) => id))
  expect(after.filter(({ id }) => old.has(id))).toEqual([])
})

test("pages are answered while the agent, then the master, is killed and started again", async () => {
  const world = open()
  const { dcos } = world
  const master = await world.master()
  const place = await world.place("agent")
  const agent = await world.agent(master, place)
  const marathon = new Marathon(master.marathonUrl)
  await dcos.ok(`cluster setup ${master.routerUrl}`)
  await dcos.ok("package install helloworld --yes")
  await marathon.settled("/helloworld")
  await dcos.ok("marathon app update helloworld instances=2")
  const before = await marathon.settled("/helloworld")

  const urls = before.map(urlOf)
  const load = startLoad({ clients: 2, listAgeMs: 100, backends: async () => urls })
  await seeMore(load, "Hello, world")
  await agent.end("SIGKILL")
  await seeMore(load, "Hello, world")
  await world.agent(master, place)
  await seeMore(load, "Hello, world")
  await master.end("SIGKILL")
  await seeMore(load, "Hello, world")
  await world.master({ ports: master.ports })
  await seeMore(load, "Hello, world")
  await load.stop()

  expect(load.failures).toEqual([])
  const after = await marathon.settled("/helloworld")
  expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id))
})
