/** The Docker daemon goes away and comes back, with its containers or without them. */
import { afterEach, expect } from "bun:test"
import { mkdirSync, readFileSync, rmSync } from "node:fs"
import { busyboxImage } from "../fixtures/busybox-image.ts"
import { temporaryFolder, type Daemon } from "../fixtures/daemons.ts"
import { Marathon } from "../fixtures/marathon.ts"
import { PrivateDocker } from "../fixtures/private-docker.ts"
import { command, rootUser, testWith } from "../fixtures/system-parts.ts"
import { VolumePlugin } from "../fixtures/volume-plugin.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds, type World } from "../fixtures/world.ts"

const parts = [rootUser, command("dockerd"), command("busybox")]

const open = testWorlds()
const clean: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const action of clean.splice(0).toReversed()) await action()
})

/** A daemon of the test's own, which goes after the cluster. */
async function startDocker(args: readonly string[] = []): Promise<PrivateDocker> {
  // The paths of sockets must be short, and containers' mounts outlive a world.
  const folder = temporaryFolder()
  const docker = await PrivateDocker.start(folder.path, args)
  clean.push(async () => {
    await docker.dispose()
    folder.remove()
  })
  return docker
}

type Agent = { readonly marathon: Marathon; restart(): Promise<void>; kill(): Promise<void> }

/** A master, and an agent with that daemon. */
async function startCluster(world: World, docker: PrivateDocker): Promise<Agent> {
  const master = await world.master()
  const place = await world.place("agent")
  const args = place.args.filter((_, at) => at > 1)
  const here = { ...place, args: ["--docker-socket", docker.socket, ...args] }
  let agent: Daemon = await world.agent(master, here)
  return {
    marathon: new Marathon(master.marathonUrl),
    kill: async () => void (await agent.end("SIGKILL")),
    restart: async () => {
      agent = await world.agent(master, here)
    },
  }
}

const boxed = (cmd: string, more: object = {}) => ({
  id: "/boxed",
  cmd,
  cpus: 0.1,
  mem: 32,
  backoffSeconds: 1,
  backoffFactor: 1,
  container: { type: "DOCKER", docker: { image: busyboxImage } },
  networks: [{ mode: "host" }],
  ...more,
})

/** All that tasks of this test wrote. */
function outputs(world: World): readonly string[] {
  const paths = [...new Bun.Glob("**/runs/*/stdout").scanSync({ cwd: world.path })]
  return paths
    .filter((path) => !path.includes("latest"))
    .map((path) => readFileSync(`${world.path}/${path}`, "utf8"))
}

type Labels = Readonly<Record<string, string>>

/** The labels of a container of the same agent. */
async function labelsLike(docker: PrivateDocker, id: string): Promise<Labels> {
  const answer = await fetch(`http://docker/containers/${id}/json`, { unix: docker.socket })
  const { Config: config } = (await answer.json()) as { Config: { Labels: Labels } }
  return { ...config.Labels, "dcos.container": crypto.randomUUID() }
}

/** Leaves a container as an agent does that dies before it can note it. */
async function leave(docker: PrivateDocker, labels: Labels): Promise<string> {
  const post = (path: string, body: object) =>
    fetch(`http://docker/containers/${path}`, {
      unix: docker.socket,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    })
  const container = { Image: busyboxImage, Cmd: ["sleep", "600"], Labels: labels }
  const { Id } = (await (await post("create", container)).json()) as { Id: string }
  await post(`${Id}/start`, {})
  return Id
}

/** Writes a number every 20 ms. */
const count = "i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done"

/** Whether these are the lines 1, 2, 3 and so on, none lost and none twice. */
function expectUnbroken(text: string): void {
  const lines = text.split("\n").slice(0, -1)
  expect(lines).toEqual(lines.map((_, index) => `${index + 1}`))
}

testWith(...parts)(
  "containers that a daemon keeps over its restart are kept by the agent",
  async () => {
    const docker = await startDocker(["--live-restore"])
    const world = open()
    const { marathon } = await startCluster(world, docker)
    const before = await marathon.run(boxed(count))
    const long = (): number => outputs(world)[0]?.length ?? 0
    await waitFor("output", () => long() > 0)
    for (let turn = 0; turn < 2; turn++) {
      await docker.end()
      await docker.start()
      const then = long()
      await waitFor("more output", () => long() > then)
    }
    expect(await marathon.settled("/boxed")).toEqual(before)
    const [text = ""] = outputs(world)
    expectUnbroken(text)
    // It is still the agent's to end.
    await marathon.removeAll()
    await waitFor("no container", async () => (await docker.containers()).length === 0)
  },
)

testWith(...parts)(
  "containers that end with their daemon are reported and started anew",
  async () => {
    const docker = await startDocker()
    const world = open()
    const { marathon } = await startCluster(world, docker)
    const [first] = await marathon.run(boxed(count))
    await waitFor("output", () => outputs(world).some((text) => text !== ""))
    await docker.end()
    await docker.start()
    const failure = await waitFor("the end to be told", async () => {
      return (await marathon.app("/boxed")).lastTaskFailure
    })
    expect(failure.state).toBe("TASK_FAILED")
    expect(failure.message).toMatch(/exited with status (137|143)|signal/)
    await waitFor("another task to run", async () => {
      const [task] = await marathon.tasks("/boxed")
      return task?.state === "TASK_RUNNING" && task.id !== first?.id
    })
    await waitFor("one container", async () => (await docker.containers()).length === 1)
    for (const text of outputs(world)) expectUnbroken(text)
  },
)

testWith(...parts)(
  "a launch while the daemon is away fails and says so; the next one runs",
  async () => {
    const docker = await startDocker()
    const world = open()
    const { marathon } = await startCluster(world, docker)
    await docker.end()
    await marathon.ok("POST", "/v2/apps", boxed("sleep 600"))
    const failure = await waitFor("the failure", async () => {
      return (await marathon.app("/boxed")).lastTaskFailure
    })
    expect(failure.message).toContain(`the Docker daemon at ${docker.socket} cannot be reached`)
    await docker.start()
    await marathon.settled("/boxed")
  },
)

testWith(...parts)(
  "an agent that starts before its daemon finds its containers later",
  async () => {
    const docker = await startDocker(["--live-restore"])
    const world = open()
    const { marathon, kill, restart } = await startCluster(world, docker)
    const before = await marathon.run(boxed(count))
    const [ours] = await docker.containers()
    await kill()
    const orphan = await leave(docker, await labelsLike(docker, ours?.Id ?? ""))
    await docker.end()
    await restart()
    expect((await marathon.app("/boxed")).tasksRunning).toBe(1)
    await docker.start()
    const then = outputs(world)[0]?.length ?? 0
    await waitFor("output to be copied again", () => (outputs(world)[0]?.length ?? 0) > then)
    expect(await marathon.settled("/boxed")).toEqual(before)
    await waitFor(
      "the orphan to go",
      async () => {
        const ids = (await docker.containers()).map(({ Id }) => Id)
        return !ids.includes(orphan)
      },
      45_000,
    )
    // And it runs new ones.
    await marathon.run({ ...boxed("sleep 600"), id: "/second" })
    const ids = (await docker.containers()).map(({ Id }) => Id)
    expect([ids.length, ids.includes(orphan)]).toEqual([2, false])
  },
)

testWith(...parts)(
  "containers of tasks that the agent does not know are removed at its start",
  async () => {
    const docker = await startDocker()
    const world = open()
    const { marathon, kill, restart } = await startCluster(world, docker)
    await marathon.run(boxed("sleep 600"))
    const [ours] = await docker.containers()
    await kill()
    const orphan = await leave(docker, await labelsLike(docker, ours?.Id ?? ""))
    const stranger = await leave(docker, { "dcos.agent": "/another/agent", "dcos.container": "x" })
    await restart()
    const ids = async (): Promise<readonly string[]> =>
      (await docker.containers()).map(({ Id }) => Id).toSorted()
    await waitFor("the orphan to be gone", async () => !(await ids()).includes(orphan))
    expect(await ids()).toEqual([ours?.Id ?? "", stranger].toSorted())
  },
)

testWith(...parts)("volumes of a plugin are made with their options and mounted", async () => {
  // A daemon does not forget a plugin that it has met, and asks it for every volume from then on.
  const docker = await startDocker()
  const world = open()
  const name = `dcos-test-${process.pid}`
  mkdirSync("/run/docker/plugins", { recursive: true })
  const socket = `/run/docker/plugins/${name}.sock`
  const plugin = new VolumePlugin(`${world.path}/volumes`, socket).start()
  clean.push(async () => {
    await plugin.stop()
    rmSync(socket, { force: true })
  })
  const { marathon } = await startCluster(world, docker)
  const value = `type=volume,source=kept,target=/data,volume-driver=${name},volume-opt=size=5`
  const app = (cmd: string, id: string) => {
    const { container, ...rest } = boxed(cmd, { id })
    const parameters = [{ key: "mount", value }]
    return { ...rest, container: { ...container, docker: { ...container.docker, parameters } } }
  }
  const stay = "echo done; exec sleep 600"
  const written = (text: string) =>
    waitFor("its output", () => outputs(world).includes(text) || undefined)
  await marathon.run(app(`echo first >/data/file; ${stay}`, "/one"))
  await written("done\n")
  expect(plugin.volumes.get("kept")).toMatchObject({ size: "5" })
  expect(readFileSync(`${plugin.place("kept")}/file`, "utf8")).toBe("first\n")
  expect([...plugin.mounted]).toEqual(["kept"])
  await marathon.removeAll()
  await waitFor("the volume to be unmounted", () => plugin.mounted.size === 0)
  // It outlives its container.
  await marathon.run(app(`cat /data/file; ${stay}`, "/again"))
  await written("first\ndone\n")
  await marathon.removeAll()
})
