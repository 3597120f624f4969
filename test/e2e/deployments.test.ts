import { expect, test } from "bun:test"
import { Marathon } from "../fixtures/marathon.ts"
import { testWorlds } from "../fixtures/world.ts"

const open = testWorlds()

/** A cluster with one settled app of two instances. */
async function withApp() {
  const world = open()
  const cluster = await world.up()
  const marathon = new Marathon(cluster.marathonUrl)
  await world.dcos.ok(`cluster setup ${cluster.routerUrl}`)
  const before = await marathon.run({ id: "/web", cmd: "sleep 600", instances: 2 })
  return { world, dcos: world.dcos, marathon, before }
}

/** A change that cannot succeed: no node has so many CPUs. */
const impossible = "marathon app update web cpus=1000"

test("an app that is being deployed is locked, and --force replaces the deployment", async () => {
  const { dcos, marathon, before } = await withApp()
  await dcos.ok(impossible)
  const [stuck] = await marathon.deployments()
  const locked = await marathon.call("PUT", "/v2/apps/web", { instances: 3 })
  expect(locked).toMatchObject({
    status: 409,
    body: {
      message: expect.stringContaining("App is locked by one or more deployments"),
      deployments: [{ id: stuck?.id }],
    },
  })
  expect(await dcos.fails("marathon app update web instances=3")).toContain("deployment")
  expect((await marathon.deployments()).map(({ id }) => id)).toEqual([stuck?.id ?? ""])

  await dcos.ok("marathon app update web cpus=0.1 instances=3 --force")
  const after = await marathon.settled("/web")
  expect(after).toHaveLength(3)
  expect((await marathon.deployments()).map(({ id }) => id)).toEqual([])
  expect(before).toHaveLength(2)
})

test("a deployment is rolled back: the version before is in force, its tasks never ended", async () => {
  const { dcos, marathon, before } = await withApp()
  await dcos.ok(impossible)
  const [stuck] = await marathon.deployments()
  expect(await dcos.ok("marathon deployment list")).toContain(stuck?.id ?? "none")
  await dcos.ok(`marathon deployment rollback ${stuck?.id}`)
  const after = await marathon.settled("/web")
  // With both instances up at all times nothing of the new version could start, so nothing was ended.
  expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id))
  const { app } = await marathon.ok<{ app: { cpus: number } }>("GET", "/v2/apps/web")
  expect(app.cpus).toBe(0.1)
})

test("a deployment is stopped where it stands", async () => {
  const { dcos, marathon, before } = await withApp()
  await dcos.ok(impossible)
  const [stuck] = await marathon.deployments()
  await dcos.ok(`marathon deployment stop ${stuck?.id}`)
  expect(await marathon.deployments()).toEqual([])
  expect((await marathon.tasks("/web")).map(({ id }) => id)).toEqual(before.map(({ id }) => id))
  expect(await dcos.fails("marathon deployment list")).toBe("Error: There are no deployments\n")
})

test("a restart replaces every instance, and stop and start keep the app", async () => {
  const { dcos, marathon, before } = await withApp()
  await dcos.ok("marathon app restart web")
  const after = await marathon.settled("/web")
  const old = new Set(before.map(({ id }) => id))
  expect(after.filter(({ id }) => old.has(id))).toEqual([])
  expect(after).toHaveLength(2)
  await dcos.ok("marathon app stop web")
  expect(await marathon.settled("/web")).toEqual([])
  await dcos.ok("marathon app start web 1")
  expect(await marathon.settled("/web")).toHaveLength(1)
  const versions = await dcos.json<string[]>("marathon app version list web")
  expect(versions.length).toBeGreaterThanOrEqual(3)
})
