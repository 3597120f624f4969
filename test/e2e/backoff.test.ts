import { expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { Marathon } from "../fixtures/marathon.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds } from "../fixtures/world.ts"

const open = testWorlds()

type QueueItem = {
  readonly app: { readonly id: string }
  readonly count: number
  readonly delay: { readonly timeLeftSeconds: number; readonly overdue: boolean }
}

/** What waits to be launched. */
async function queued(marathon: Marathon): Promise<QueueItem | undefined> {
  return (await marathon.ok<{ queue: QueueItem[] }>("GET", "/v2/queue")).queue[0]
}

test("a crashing app is started ever more slowly, says so, and recovers once it is mended", async () => {
  const world = open()
  const { dcos } = world
  const cluster = await world.up()
  const marathon = new Marathon(cluster.marathonUrl)
  await dcos.ok(`cluster setup ${cluster.routerUrl}`)
  const starts = `${world.path}/starts`
  const definition = {
    id: "/crash",
    cmd: `date +%s.%N >>${starts}; exit 3`,
    cpus: 0.1,
    mem: 32,
    backoffSeconds: 1,
    backoffFactor: 2,
    maxLaunchDelaySeconds: 60,
  }
  await dcos.ok("marathon app add", { input: JSON.stringify(definition) })

  const times = await waitFor("three starts", () => {
    const lines = readFileSync(starts, "utf8").trim().split("\n").map(Number)
    return lines.length >= 3 && lines
  })
  const [first = 0, second = 0, third = 0] = times
  expect(second - first).toBeGreaterThanOrEqual(1)
  expect(third - second).toBeGreaterThanOrEqual(2)

  const item = await waitFor("the next start to be delayed", async () => {
    const now = await queued(marathon)
    return now !== undefined && now.delay.timeLeftSeconds > 2 ? now : undefined
  })
  expect(item).toMatchObject({ app: { id: "/crash" }, count: 1, delay: { overdue: false } })
  expect(await dcos.ok("marathon debug list")).toMatch(/\/crash +\S+ +1 +false /)
  expect((await marathon.app("/crash")).lastTaskFailure).toMatchObject({
    state: "TASK_FAILED",
    message: "Command exited with status 3",
  })

  await dcos.ok("marathon app update crash --force", {
    input: JSON.stringify({ cmd: "sleep 600" }),
  })
  await marathon.settled("/crash")
  expect(await queued(marathon)).toBeUndefined()
})

test("a delay that is reset lets the app start at once", async () => {
  const world = open()
  const { dcos } = world
  const cluster = await world.up()
  const marathon = new Marathon(cluster.marathonUrl)
  await dcos.ok(`cluster setup ${cluster.routerUrl}`)
  const mended = `${world.path}/mended`
  const cmd = `[ -e ${mended} ] && exec sleep 600; exit 3`
  await marathon.ok("POST", "/v2/apps", { id: "/once", cmd, cpus: 0.1, backoffSeconds: 3600 })
  // Not an hour: five minutes is the longest delay unless the app says otherwise.
  await waitFor("a long wait", async () => {
    return ((await queued(marathon))?.delay.timeLeftSeconds ?? 0) > 200
  })
  await Bun.write(mended, "")
  await dcos.ok("marathon delay reset once")
  await marathon.settled("/once")
})

test("an app that nothing fits says what does not fit, and where", async () => {
  const world = open()
  const { dcos } = world
  const cluster = await world.up()
  await dcos.ok(`cluster setup ${cluster.routerUrl}`)
  await dcos.ok("marathon app add", {
    input: JSON.stringify({ id: "/big", cmd: "sleep 600", cpus: 1000, mem: 32 }),
  })
  const { stdout, stderr } = await waitFor("a refused offer", async () => {
    const summary = await dcos.run(["marathon", "debug", "summary", "big"])
    return summary.stderr.includes("did not fit") && summary
  })
  expect(stderr).toBe(
    "/big waits to launch 1 instance(s):\n  CPUS did not fit on 1 of 1 agent(s)\n",
  )
  expect(stdout).toMatch(/CPUS +1000 +0 \/ \d+ +0\.00%/)
  expect(stdout).toMatch(/MEM +32 +/)
  expect(await dcos.ok("marathon debug list")).toMatch(/\/big +\S+ +1 +true /)
  expect(await dcos.ok("marathon debug details big")).toMatch(/127\.0\.0\.1 +ok +ok +- +ok/)
})
