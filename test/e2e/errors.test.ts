import { expect, test } from "bun:test"
import { readdirSync, renameSync, writeFileSync } from "node:fs"
import { freePorts } from "../fixtures/daemons.ts"
import { Marathon } from "../fixtures/marathon.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds, type World } from "../fixtures/world.ts"

const open = testWorlds()

/** Runs a daemon that must not start; its last words. */
async function refused(world: World, line: string): Promise<string> {
  const { code, stderr } = await world.dcos.run(line.split(" "))
  expect(code).toBe(1)
  // The cause, in one line.
  expect(stderr).toMatch(/^Error: [^\n]+\n$/)
  return stderr
}

/** The words that start a master of this world's folder on free ports. */
async function masterLine(world: World, name = "master"): Promise<string> {
  const [mesos, marathon, router] = await freePorts(3)
  return (
    `master --work-dir ${world.path}/${name} --ip 127.0.0.1 --advertise-ip 127.0.0.1` +
    ` --port ${mesos} --marathon-port ${marathon} --router-port ${router}`
  )
}

test("a port that is taken stops the start, naming the port", async () => {
  const world = open()
  const { ports } = await world.master()
  const line = (await masterLine(world, "other")).replace(/--port \d+/, `--port ${ports.mesos}`)
  expect(await refused(world, line)).toContain(
    `cannot open the Mesos API on 127.0.0.1:${ports.mesos}: another process uses port ${ports.mesos}; stop it or give another port`,
  )
})

test("a work directory is for one process, which goes on", async () => {
  const world = open()
  const master = await world.master()
  expect(await refused(world, await masterLine(world))).toContain(
    `${world.path}/master/state.db is in use by another process: stop that one first, or give another --work-dir`,
  )
  expect((await fetch(`${master.marathonUrl}/ping`)).status).toBe(200)
})

test("a damaged state file stops the start and is left as it is", async () => {
  const world = open()
  const master = await world.master()
  await master.end()
  const path = `${world.path}/master/state.db`
  for (const name of readdirSync(`${world.path}/master`).filter((one) => one.startsWith("state")))
    writeFileSync(`${world.path}/master/${name}`, "no database ".repeat(1000))
  expect(await refused(world, await masterLine(world))).toContain(
    `the state file ${path} is damaged (file is not a database): restore it from a backup, or move it away to start empty`,
  )
  expect(await Bun.file(path).text()).toStartWith("no database")
})

test("an agent's damaged state stops its start, while its tasks run on", async () => {
  const world = open()
  const master = await world.master()
  const marathon = new Marathon(master.marathonUrl)
  const place = await world.place("agent")
  const agent = await world.agent(master, place)
  const before = await marathon.run({ id: "/kept", cmd: "sleep 600" })
  await agent.end()
  const folder = `${place.workDir}/meta`
  const files = readdirSync(folder).filter((name) => name.startsWith("agent.db"))
  for (const name of files) renameSync(`${folder}/${name}`, `${folder}/saved-${name}`)
  writeFileSync(`${folder}/agent.db`, "no database ".repeat(1000))
  const line = `agent --master ${master.mesosUrl} --work-dir ${place.workDir} --ip 127.0.0.1`
  expect(await refused(world, `${line} --port ${place.port}`)).toContain(
    `the state file ${folder}/agent.db is damaged (file is not a database): restore it from a backup`,
  )
  // Restored as it says, it finds its tasks as they were.
  for (const name of files) renameSync(`${folder}/saved-${name}`, `${folder}/${name}`)
  await world.agent(master, place)
  expect(await marathon.settled("/kept")).toEqual(before)
})

test("a work directory that cannot be made stops the start", async () => {
  const world = open()
  writeFileSync(`${world.path}/file`, "")
  expect(await refused(world, await masterLine(world, "file/master"))).toContain(
    `cannot use the work directory ${world.path}/file/master: a part of the path is a file: give another --work-dir`,
  )
})

test("a wrong flag of a daemon is named with what would be right", async () => {
  const world = open()
  const [port] = await freePorts(1)
  const agent = `agent --work-dir ${world.path}/agent --port ${port} --ip 127.0.0.1 --master`
  expect(await refused(world, `${agent} ftp://127.0.0.1`)).toContain(
    "must start with ws://, wss://, http:// or https://",
  )
  expect(await refused(world, `${agent} http://127.0.0.1:${port} --resources cpus:lots`)).toContain(
    "--resources: Bad value for resource 'cpus': 'lots' is not an amount",
  )
  expect(await refused(world, `${await masterLine(world)} --agent-ping-timeout soon`)).toContain(
    "'soon' is no duration",
  )
})

test("isolators and flags of Mesos that an agent does not have are named with the reason", async () => {
  const world = open()
  const agent = `agent --work-dir ${world.path}/agent --master http://127.0.0.1:1`
  expect(await refused(world, `${agent} --isolation=disk/du,disk/xfs`)).toContain(
    "Unsupported isolator: disk/xfs: project quotas of XFS are not used",
  )
  expect(await refused(world, `${agent} --isolation=linux/nnp --launcher=posix`)).toContain(
    "linux/nnp of --isolation needs --launcher=linux",
  )
  expect(await refused(world, `${agent} --xfs_project_range=[5000-10000]`)).toContain(
    "--xfs_project_range is not supported: project quotas of XFS are not used",
  )
})

test("an agent whose master is not there says so, waits, and joins when it comes", async () => {
  const world = open()
  const master = await world.master()
  await master.end()
  const place = await world.place("agent")
  const agent = world.daemon(
    `agent --master ${master.mesosUrl} --work-dir ${place.workDir} --port ${place.port} --ip 127.0.0.1 --advertise-ip 127.0.0.1`.split(
      " ",
    ),
    { DCOS_JOIN_TOKEN: master.joinToken() },
  )
  await waitFor("the agent to say so", () =>
    agent.output().includes(`cannot reach the master at ${master.mesosUrl}`),
  )
  const again = await world.master({ ports: master.ports })
  await waitFor("the agent to join", async () => {
    const { slaves } = (await (await fetch(`${again.mesosUrl}/slaves`)).json()) as {
      slaves: readonly unknown[]
    }
    return slaves.length === 1
  })
})

test("commands say which address does not answer, and where it is set", async () => {
  const world = open()
  const { dcos } = world
  expect(await dcos.fails("marathon app list")).toMatch(
    /^Error: no cluster is attached.* Please run `dcos cluster setup /,
  )
  const cluster = await world.up()
  await dcos.ok(`cluster setup ${cluster.routerUrl}`)
  await cluster.end()
  for (const line of ["marathon app list", "package list", "node list", "task list"])
    expect(await dcos.fails(line)).toMatch(
      new RegExp(
        `^Error: could not reach .* at ${cluster.routerUrl}/\\S*: the connection was refused\\. Check that it runs; its address is the setting core\\.dcos_url`,
      ),
    )
})

test("a wrong package option is refused by name, and nothing is installed", async () => {
  const world = open()
  const { dcos } = world
  const cluster = await world.up()
  await dcos.ok(`cluster setup ${cluster.routerUrl}`)
  const options = `${world.path}/options.json`
  const install = `package install helloworld --yes --options=${options}`
  const cases = [
    [{ service: { instances: "many" } }, "/service/instances: must be integer"],
    [{ service: { instances: -1 } }, "/service/instances: must be >= 0"],
    [{ servce: { instances: 1 } }, "must not have additional properties: servce"],
    [{ service: { name: "Hello World" } }, "/service/name: must match pattern"],
  ] as const
  for (const [value, message] of cases) {
    writeFileSync(options, JSON.stringify(value))
    const { code, stderr } = await dcos.run(install.split(" "))
    expect(code).toBe(1)
    expect(stderr).toContain("Error: Options JSON failed validation\n")
    expect(stderr).toContain(message)
  }
  writeFileSync(options, "{")
  expect(await dcos.fails(install)).toContain("error loading JSON")
  expect(await dcos.fails("package install nothing --yes")).toBe(
    "Error: Package [nothing] not found\n",
  )
  expect(await dcos.json<unknown[]>("package list --json")).toEqual([])
})

test("wrong values in an app definition are refused by their place", async () => {
  const world = open()
  const { dcos } = world
  const cluster = await world.up()
  await dcos.ok(`cluster setup ${cluster.routerUrl}`)
  const cases = [
    [{ instances: "five" }, "/instances"],
    [{ instances: -1 }, "/instances"],
    [{ networks: [{ mode: "hosts" }] }, "/networks"],
    [{ container: { type: "LXC" } }, "/container/type"],
    [{ constraints: [["hostname", "NEAR"]] }, "/constraints"],
    [{ acceptedResourceRoles: [] }, "/acceptedResourceRoles"],
  ] as const
  for (const [wrong, place] of cases) {
    const input = JSON.stringify({ id: "/x", cmd: "sleep 600", ...wrong })
    expect(await dcos.fails("marathon app add", { input })).toContain(place)
  }
  expect(await new Marathon(cluster.marathonUrl).apps()).toEqual([])
})

test("without a Docker daemon a Docker app fails with the reason, and others run", async () => {
  const world = open()
  const master = await world.master()
  const missing = `${world.path}/no-docker.sock`
  const place = await world.place("agent")
  const args = place.args.map((arg, at) =>
    place.args[at - 1] === "--docker-socket" ? missing : arg,
  )
  await world.agent(master, { ...place, args })
  const marathon = new Marathon(master.marathonUrl)
  await marathon.ok("POST", "/v2/apps", {
    id: "/boxed",
    cmd: "sleep 600",
    cpus: 0.1,
    mem: 32,
    backoffSeconds: 3600,
    container: { type: "DOCKER", docker: { image: "busybox" } },
  })
  const failure = await waitFor("the reason", async () => {
    return (await marathon.app("/boxed")).lastTaskFailure
  })
  expect(failure.message).toContain(missing)
  expect(failure.message).toContain("Docker")
  await marathon.run({ id: "/plain", cmd: "sleep 600" })
})
