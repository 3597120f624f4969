import { expect, test } from "bun:test"
import { command, testWith } from "../fixtures/system-parts.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds, type World } from "../fixtures/world.ts"

const open = testWorlds()

type ListedApp = { id: string; instances: number; tasksHealthy: number; deployments: unknown[] }

const healthy = (world: World, count: number): Promise<unknown> =>
  waitFor(`${count} healthy instances`, async () => {
    const [app] = await world.dcos.json<ListedApp[]>("marathon app list --json")
    return app?.tasksHealthy === count && app.deployments.length === 0
  })

type ListedTask = { id: string; host: string; ports: [number] }

/** The pages of all instances, as each names itself. */
async function pages(world: World): Promise<readonly unknown[]> {
  const tasks = await world.dcos.json<ListedTask[]>("marathon task list --json")
  return await Promise.all(
    tasks.map(async ({ id, host, ports: [port] }) => {
      const page = await (await fetch(`http://${host}:${port}/`)).text()
      expect(page).toContain(id)
      expect(page).toContain(`${host}:${port}`)
      return id
    }),
  )
}

testWith(command("jq"))("a package is found, installed, scaled, read and uninstalled", async () => {
  const world = open()
  const { dcos } = world
  const cluster = await world.up()
  await dcos.ok(`cluster setup ${cluster.routerUrl}`)
  expect(await dcos.ok("package search hello")).toContain("helloworld")
  expect(await dcos.ok("package install helloworld --yes")).toBe("")
  await healthy(world, 1)
  expect(await pages(world)).toHaveLength(1)

  expect(await dcos.ok("marathon app update helloworld instances=5")).toMatch(
    /^Created deployment [\w-]+\n$/,
  )
  await healthy(world, 5)
  expect(new Set(await pages(world)).size).toBe(5)
  expect((await dcos.ok("tasks")).match(/TASK_RUNNING/g)).toHaveLength(5)
  expect((await dcos.ok("service")).match(/marathon +127\.0\.0\.1 +True +5 /g)).toHaveLength(1)

  const piped = Bun.spawnSync(["jq", "-r", ".[].name"], {
    stdin: Buffer.from(await dcos.ok("package list-installed")),
  })
  expect(piped.stdout.toString()).toBe("helloworld\n")

  await dcos.ok("package uninstall helloworld --yes")
  expect(await dcos.json<unknown[]>("package list-installed")).toEqual([])
  await waitFor("no task", async () => !(await dcos.ok("task list")).includes("TASK_RUNNING"))
})

test("a client that is set up as in 2015, by two URLs, does the same", async () => {
  const world = open()
  const { dcos } = world
  const cluster = await world.up()
  await dcos.ok(`config set core.mesos_master_url ${cluster.mesosUrl}`)
  await dcos.ok(`config set marathon.url ${cluster.marathonUrl}`)
  expect(await dcos.ok("config show")).toContain(`core.mesos_master_url ${cluster.mesosUrl}`)
  await dcos.ok("package install helloworld --yes")
  await healthy(world, 1)
  expect(await pages(world)).toHaveLength(1)
  expect(await dcos.ok("tasks")).toContain("helloworld")
  await dcos.ok("package uninstall helloworld --yes")
})

test("a task's log is followed while it is written", async () => {
  const world = open()
  const { dcos } = world
  const cluster = await world.up()
  await dcos.ok(`cluster setup ${cluster.routerUrl}`)
  const cmd = "echo first; until [ -e go ]; do sleep 0.05; done; echo second; sleep 600"
  await dcos.ok("marathon app add", {
    input: JSON.stringify({ id: "talker", cmd, cpus: 0.1, mem: 32 }),
  })
  await waitFor("the first line", async () => (await dcos.ok("task log talker")) === "first\n")

  const follower = world.daemon(["task", "log", "--follow", "talker"], {
    DCOS_DIR: `${world.path}/home/.dcos`,
  })
  await waitFor("the line before", () => follower.output().includes("first\n"))
  expect(follower.output()).not.toContain("second")
  const [task] = await dcos.json<ListedTask[]>("marathon task list --json")
  const sandbox = new Bun.Glob(`up/agent/**/${task?.id}/**/stdout`).scanSync({ cwd: world.path })
  const [stdout = ""] = [...sandbox]
  await Bun.write(`${world.path}/${stdout.replace(/stdout$/, "go")}`, "")
  await waitFor("the line that came later", () => follower.output().includes("second\n"))
  expect(await dcos.ok("task ls talker")).toContain("go")
})
