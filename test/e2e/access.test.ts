import { expect, test } from "bun:test"
import { statSync } from "node:fs"
import { freePorts, waitForUrl } from "../fixtures/daemons.ts"
import { Marathon } from "../fixtures/marathon.ts"
import { NetworkNamespace, networkNamespaces } from "../fixtures/network-namespace.ts"
import { testWith } from "../fixtures/system-parts.ts"
import { executable, testWorlds, type World } from "../fixtures/world.ts"

const open = testWorlds()

test("an agent without the right join token ends, saying which one to give", async () => {
  const world = open()
  const master = await world.master()
  const refusal =
    `the master at ${master.mesosUrl} refused the join token: ` +
    "give the one it printed at its first start with --join-token"
  for (const token of ["", " --join-token wrong", ` --join-token ${master.joinToken()}x`]) {
    const [port] = await freePorts(1)
    const agent =
      `agent --master ${master.mesosUrl} --work-dir ${world.path}/agent --port ${port}` +
      ` --ip 127.0.0.1 --advertise-ip 127.0.0.1${token}`
    const { code, stderr } = await world.dcos.run(agent.split(" "))
    expect(code).toBe(1)
    expect(stderr).toContain(`Error: the agent stopped: ${refusal}`)
  }
  const { slaves } = (await (await fetch(`${master.mesosUrl}/slaves`)).json()) as {
    slaves: readonly unknown[]
  }
  expect(slaves).toEqual([])
})

test("the join token is told at the first start only, and its file is for the owner", async () => {
  const world = open()
  const master = await world.master()
  const token = master.joinToken()
  expect(master.output()).toContain(token)
  expect(statSync(`${world.path}/master/join-token`).mode & 0o777).toBe(0o600)
  await master.end()
  const again = await world.master({ ports: master.ports })
  expect(again.joinToken()).toBe(token)
  expect(again.output()).not.toContain(token)
})

/** Runs a command of the executable on the other machine. */
async function runThere(there: NetworkNamespace, world: World, line: string) {
  const child = Bun.spawn(there.command([executable, ...line.split(" ")]), {
    env: { ...world.dcos.env, DCOS_DIR: `${world.path}/home/there` },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: 30_000,
  })
  const stdout = await new Response(child.stdout).text()
  const stderr = await new Response(child.stderr).text()
  return { code: await child.exited, stdout, stderr }
}

/** A master that other machines reach. */
async function openMaster(world: World, address: string, flags = "") {
  const [mesos = 0, marathon, router] = await freePorts(3)
  const line =
    `master --work-dir ${world.path}/master --advertise-ip ${address} --port ${mesos}` +
    ` --marathon-port ${marathon} --router-port ${router}${flags}`
  const daemon = world.daemon(line.split(" "))
  await waitForUrl(`http://127.0.0.1:${router}/metadata`, daemon)
  const marathonUrl = `http://127.0.0.1:${marathon}`
  world.ownApps(marathonUrl)
  return { daemon, mesos, marathonUrl, router }
}

testWith(networkNamespaces())(
  "a node on another machine joins by its token, while the API is for this machine",
  async () => {
    const world = open()
    const { dcos } = world
    using there = NetworkNamespace.create()
    if (there === undefined) throw new Error("no network namespace")
    const master = await openMaster(world, there.ours)
    const refused = await runThere(
      there,
      world,
      `cluster setup http://${there.ours}:${master.router}`,
    )
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(
      "this master answers its API to its own machine only, as it cannot tell yet who asks; start it with --insecure-api to answer everybody",
    )

    const token = await Bun.file(`${world.path}/master/join-token`).text()
    const place = await world.place("agent")
    const agent = world.command(
      there.command([
        executable,
        ...`agent --master http://${there.ours}:${master.mesos} --work-dir ${place.workDir}`.split(
          " ",
        ),
        ...`--advertise-ip ${there.address} --port ${place.port}`.split(" "),
        ...place.args,
      ]),
      { DCOS_JOIN_TOKEN: token.trim() },
    )
    await dcos.ok(`cluster setup http://127.0.0.1:${master.router}`)
    await dcos.ok("package install helloworld --yes")
    const [task] = await new Marathon(master.marathonUrl).settled("/helloworld")
    expect(task?.host).toBe(there.address)
    const page = await fetch(`http://${there.address}:${task?.ports[0]}/`)
    expect(await page.text()).toContain(task?.id ?? "none")
    // The log comes through the agent's own link; its API answers nobody else.
    expect(await dcos.ok("task log helloworld")).toContain("hello on port")
    const direct = await fetch(`http://${there.address}:${place.port}/state`)
    expect(direct.status).toBe(403)
    expect(await direct.text()).toContain("--insecure-api")
    expect(agent.output()).toContain(`http://${there.address}:${place.port}`)
  },
)

testWith(networkNamespaces())("with --insecure-api the API answers other machines", async () => {
  const world = open()
  using there = NetworkNamespace.create()
  if (there === undefined) throw new Error("no network namespace")
  const master = await openMaster(world, there.ours, " --insecure-api")
  const setup = await runThere(there, world, `cluster setup http://${there.ours}:${master.router}`)
  expect(setup.code).toBe(0)
  const nodes = await runThere(there, world, "node list")
  expect(nodes.stdout).toContain(there.ours)
})
