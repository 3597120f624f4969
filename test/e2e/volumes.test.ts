/** Volumes and secrets of real tasks: processes, containers of runc, containers of Docker. */
import { beforeAll, describe, expect } from "bun:test"
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { busyboxImage, loadBusyboxImage } from "../fixtures/busybox-image.ts"
import { CsiPlugin } from "../fixtures/csi-plugin.ts"
import { HttpFramework, scalar, type Offer, type Resource } from "../fixtures/http-framework.ts"
import { Marathon } from "../fixtures/marathon.ts"
import { command, docker, dockerSocket, rootUser, testWith } from "../fixtures/system-parts.ts"
import { VolumePlugin } from "../fixtures/volume-plugin.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds, type World } from "../fixtures/world.ts"

const open = testWorlds()

/** Where Docker, and so the agent, looks for plugins. */
const PLUGINS = "/run/docker/plugins"

const small = [scalar("cpus", 0.1), scalar("mem", 32)]

/** The only file of that name in a sandbox of the agent's; "" while there is none. */
function inSandboxes(workDir: string, name: string): string {
  const [path] = [...new Bun.Glob(`slaves/**/runs/*/**/${name}`).scanSync({ cwd: workDir })]
  return path === undefined ? "" : readFileSync(`${workDir}/${path}`, "utf8")
}

/** Launches one task on the next wanted offer. */
async function launch(
  framework: HttpFramework,
  task: { readonly taskId: string } & Readonly<Record<string, unknown>>,
  wanted?: (offer: Offer) => boolean,
): Promise<void> {
  const offer = await framework.offer(wanted)
  const { taskId, ...more } = task
  const info = { name: taskId, task_id: { value: taskId }, agent_id: offer.agent_id, ...more }
  await framework.accept(offer, [{ type: "LAUNCH", launch: { task_infos: [info] } }])
}

async function killed(framework: HttpFramework, taskId: string): Promise<void> {
  await framework.call({ type: "KILL", kill: { task_id: { value: taskId } } })
  await framework.until(taskId, "TASK_KILLED")
}

const mesos = { task: { type: "MESOS" }, app: { type: "MESOS" } }

/** Ways of running a task, with what its container and that of an app say of it. */
const kinds = [
  { kind: "processes", flags: [], parts: [rootUser], container: mesos },
  {
    kind: "runc containers",
    flags: ["--launcher", "linux"],
    parts: [rootUser, command("runc"), command("conmon")],
    container: mesos,
  },
  {
    kind: "Docker containers",
    flags: [],
    parts: [rootUser, await docker(), command("busybox")],
    container: {
      task: { type: "DOCKER", docker: { image: busyboxImage, network: "HOST" } },
      app: { type: "DOCKER", docker: { image: busyboxImage } },
    },
  },
]

describe.each(kinds)("$kind", ({ kind, flags, parts, container }) => {
  const check = testWith(...parts)
  const inDocker = kind === "Docker containers"
  /** What Docker has no notion of. */
  const checkOfMesos = inDocker ? () => {} : check

  if (inDocker && parts.every(({ missing }) => missing === undefined))
    beforeAll(async () => void (await loadBusyboxImage()))

  async function agentIn(world: World, ...args: string[]) {
    const master = await world.master()
    const place = await world.place("agent", [...flags, ...args])
    return { master, place, agent: await world.agent(master, place) }
  }

  check("use the volume of a Docker plugin, over a restart of the agent", async () => {
    const world = open()
    const { master, place, agent } = await agentIn(world)
    const marathon = new Marathon(master.marathonUrl)
    mkdirSync(PLUGINS, { recursive: true })
    const driver = `dcos-test-${crypto.randomUUID()}`
    const name = `test-${crypto.randomUUID()}`
    const socket = `${PLUGINS}/${driver}.sock`
    const plugin = new VolumePlugin(`${world.path}/plugin`, socket).start()
    try {
      await marathon.run({
        id: "/keeper",
        cmd: "echo kept >$MESOS_SANDBOX/data/file; sleep 1000",
        container: {
          ...container.app,
          volumes: [
            {
              containerPath: "data",
              mode: "RW",
              external: {
                provider: "dvdi",
                name,
                options: { "dvdi/driver": driver, size: "9" },
              },
            },
          ],
        },
      })
      await waitFor("the file", () => existsSync(`${plugin.place(name)}/file`))
      // Docker asks its plugins itself, in its own order.
      const calls = () => plugin.calls.filter((call) => /^(Create|Mount|Unmount) /.test(call))
      expect(calls()).toEqual([`Create ${name}`, `Mount ${name} id`])
      expect(plugin.volumes.get(name)).toEqual({ size: "9" })
      await agent.end("SIGKILL")
      await world.agent(master, place)
      await marathon.settled("/keeper")
      expect(calls()).toHaveLength(2)
      await marathon.removeAll()
      await waitFor("the volume to be given back", () => plugin.mounted.size === 0)
      expect(calls()).toEqual([`Create ${name}`, `Mount ${name} id`, `Unmount ${name} id`])
      expect(readFileSync(`${plugin.place(name)}/file`, "utf8")).toBe("kept\n")
      // Docker would ask a plugin that is gone about the volumes of others, too, and wait for it.
      if (inDocker)
        await waitFor("Docker to forget the volume", async () => {
          const url = `http://docker/volumes/${name}`
          return (await fetch(url, { unix: dockerSocket, method: "DELETE" })).ok
        })
    } finally {
      await plugin.stop()
    }
  })

  checkOfMesos("use the volume of a CSI plugin, over a restart of the agent", async () => {
    const world = open()
    const plugin = await new CsiPlugin(`${world.path}/plugin`, { mounts: true }).start()
    const config = `${world.path}/csi`
    mkdirSync(config)
    const endpoints = [{ csi_service: "NODE_SERVICE", endpoint: plugin.address }]
    writeFileSync(`${config}/test`, JSON.stringify({ type: "org.example.test", endpoints }))
    try {
      plugin.add("v1")
      const { master, place, agent } = await agentIn(world, "--csi-plugin-config-dir", config)
      const marathon = new Marathon(master.marathonUrl)
      const options = {
        pluginName: "org.example.test",
        capability: { accessType: "mount", accessMode: "SINGLE_NODE_WRITER", fsType: "ext4" },
        volumeContext: { pool: "ssd" },
      }
      const external = { provider: "csi", name: "v1", options }
      await marathon.run({
        id: "/keeper",
        cmd: "echo kept >data/file; sleep 1000",
        container: {
          type: "MESOS",
          volumes: [{ containerPath: "data", mode: "RW", external }],
        },
      })
      await waitFor("the file", () => existsSync(`${plugin.place("v1")}/file`))
      const taken = ["NodeStageVolume v1", "NodePublishVolume v1"]
      expect(plugin.calls).toEqual(taken)
      expect(plugin.requests.get("NodeStageVolume")?.volume_context).toEqual({ pool: "ssd" })
      await agent.end("SIGKILL")
      await world.agent(master, place)
      await marathon.settled("/keeper")
      expect(plugin.calls).toEqual(taken)
      await marathon.removeAll()
      await waitFor("the volume to be given back", () => plugin.used.length === 0)
      expect(plugin.calls.slice(2)).toEqual(["NodeUnpublishVolume v1", "NodeUnstageVolume v1"])
      expect(readFileSync(`${plugin.place("v1")}/file`, "utf8")).toBe("kept\n")
    } finally {
      plugin.clear()
      plugin.stop()
    }
  })

  checkOfMesos("give a CSI volume back that an agent was killed over", async () => {
    const world = open()
    const plugin = await new CsiPlugin(`${world.path}/plugin`, { mounts: true }).start()
    const config = `${world.path}/csi`
    mkdirSync(config)
    const endpoints = [{ csi_service: "NODE_SERVICE", endpoint: plugin.address }]
    writeFileSync(`${config}/test`, JSON.stringify({ type: "org.example.test", endpoints }))
    try {
      plugin.add("v1")
      const { master, place, agent } = await agentIn(world, "--csi-plugin-config-dir", config)
      using framework = await HttpFramework.subscribe(master.mesosUrl)
      plugin.stalling.add("NodePublishVolume")
      const mount = { mount: {}, access_mode: { mode: "SINGLE_NODE_WRITER" } }
      const csi_volume = {
        plugin_name: "org.example.test",
        static_provisioning: { volume_id: "v1", volume_capability: mount },
      }
      const source = { type: "CSI_VOLUME", csi_volume }
      const volumes = [{ container_path: "data", mode: "RW", source }]
      await launch(framework, {
        taskId: "t",
        command: { value: "sleep 1000" },
        container: { ...container.task, volumes },
        resources: small,
      })
      await waitFor("the plugin to publish", () => plugin.calls.includes("NodePublishVolume v1"))
      await agent.end("SIGKILL")
      expect(plugin.used).toEqual(["v1"])
      plugin.stalling.clear()
      await world.agent(master, place)
      await framework.until("t", "TASK_RUNNING")
      await killed(framework, "t")
      await waitFor("the volume to be given back", () => plugin.used.length === 0)
      expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(`${place.workDir}/csi`)
    } finally {
      plugin.clear()
      plugin.stop()
    }
  })

  check("see their secrets, which nobody else sees and which end with them", async () => {
    const world = open()
    const { master, place } = await agentIn(world)
    using framework = await HttpFramework.subscribe(master.mesosUrl)
    const secret = (text: string) => ({ type: "VALUE", value: { data: btoa(text) } })
    await launch(framework, {
      taskId: "t",
      command: {
        user: "nobody",
        value:
          'cd $MESOS_SANDBOX; cat keys/one >seen; echo " $WORD" >>seen; stat -L -c %a keys/one >>seen; sleep 1000',
        environment: { variables: [{ name: "WORD", type: "SECRET", secret: secret("hush") }] },
      },
      container: {
        ...container.task,
        volumes: [
          {
            container_path: "keys/one",
            mode: "RO",
            source: { type: "SECRET", secret: secret("quiet") },
          },
        ],
      },
      resources: small,
    })
    await framework.until("t", "TASK_RUNNING")
    await waitFor("what it saw", () => inSandboxes(place.workDir, "seen").split("\n").length === 3)
    expect(inSandboxes(place.workDir, "seen")).toBe("quiet hush\n400\n")
    const secrets = () => [...new Bun.Glob("dcos-secrets-*/*/*").scanSync({ cwd: "/run" })]
    const mine = secrets().filter((path) => readFileSync(`/run/${path}`, "utf8") === "quiet")
    await killed(framework, "t")
    await waitFor("the secrets to go", () => mine.every((path) => !existsSync(`/run/${path}`)))
  })

  check("find persistent volumes on disks of their own, owned by their user", async () => {
    const world = open()
    const ssd = `${world.path}/ssd`
    const mount = `${world.path}/mount`
    // Volumes of processes are links: their user must be able to follow them.
    chmodSync(world.path, 0o711)
    for (const path of [ssd, mount]) mkdirSync(path)
    Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", mount])
    try {
      const source = {
        ssd: { type: "PATH", path: { root: ssd } },
        mount: { type: "MOUNT", mount: { root: mount } },
      }
      const disks = Object.values(source).map((each) => ({
        ...scalar("disk", 16),
        disk: { source: each },
      }))
      const all = [scalar("cpus", 2), scalar("mem", 512), ...disks]
      const { master, place } = await agentIn(world, "--resources", JSON.stringify(all))
      const info = {
        principal: "p",
        roles: ["db"],
        capabilities: ["MULTI_ROLE", "RESERVATION_REFINEMENT"].map((type) => ({ type })),
      }
      using framework = await HttpFramework.subscribe(master.mesosUrl, { info })
      const ours = { allocation_info: { role: "db" } }
      const reservations = [{ type: "DYNAMIC", role: "db", principal: "p" }]
      const volumeOn = (name: "ssd" | "mount") => ({
        ...scalar("disk", 16),
        ...ours,
        reservations,
        disk: {
          source: source[name],
          persistence: { id: name, principal: "p" },
          volume: { container_path: name, mode: "RW" },
        },
      })
      const volumes = [volumeOn("ssd"), volumeOn("mount")]
      const plain = disks.map((disk) => ({ ...disk, ...ours, reservations }))
      const offer = await framework.offer()
      await framework.accept(offer, [
        { type: "RESERVE", reserve: { resources: plain } },
        { type: "CREATE", create: { volumes } },
      ])
      const has = ({ resources }: Offer) =>
        resources.filter((each) => each.disk?.persistence).length === 2
      const run = (taskId: string, value: string) =>
        launch(
          framework,
          {
            taskId,
            command: { value: `cd $MESOS_SANDBOX && ${value}`, user: "nobody" },
            container: container.task,
            resources: [...small.map((each): Resource => ({ ...each, ...ours })), ...volumes],
          },
          has,
        )
      await run("writer", "echo a >ssd/file && echo b >mount/file")
      await framework.until("writer", "TASK_FINISHED")
      expect(readFileSync(`${ssd}/volumes/roles/db/ssd/file`, "utf8")).toBe("a\n")
      expect(readFileSync(`${mount}/file`, "utf8")).toBe("b\n")
      const { uid } = statSync(mount)
      expect(uid).not.toBe(0)
      // In a container of Docker the image says who runs.
      expect(statSync(`${mount}/file`).uid).toBe(inDocker ? 0 : uid)
      await run("reader", "cat ssd/file mount/file >both")
      await framework.until("reader", "TASK_FINISHED")
      expect(inSandboxes(place.workDir, "both")).toBe("a\nb\n")

      const later = await framework.offer(has)
      await framework.accept(later, [
        { type: "DESTROY", destroy: { volumes } },
        { type: "UNRESERVE", unreserve: { resources: plain } },
      ])
      await waitFor(
        "the data to go",
        () => !existsSync(`${mount}/file`) && !existsSync(`${ssd}/volumes/roles/db/ssd`),
      )
      expect(existsSync(mount)).toBe(true)
    } finally {
      Bun.spawnSync(["umount", "-l", mount])
    }
  })

  checkOfMesos("of one group have users of their own, who find their sandboxes", async () => {
    const world = open()
    chmodSync(world.path, 0o711)
    const all = "cpus:2;mem:512;disk:512;ports:[]"
    const { master, place } = await agentIn(world, "--resources", all)
    using framework = await HttpFramework.subscribe(master.mesosUrl)
    const offer = await framework.offer()
    // They look when all have been started: none is too early to meet what the others bring.
    const value = `until [ -e ${world.path}/go ]; do sleep 0.02; done
      cd "$MESOS_SANDBOX" && id -un >user`
    const users = ["nobody", "daemon", "root"]
    const tasks = users.map((user) => ({
      name: user,
      task_id: { value: user },
      agent_id: offer.agent_id,
      command: { value, user },
      resources: small,
      container: container.task,
    }))
    const executor = {
      type: "DEFAULT",
      executor_id: { value: "pod" },
      framework_id: { value: framework.id },
      resources: [...small, scalar("disk", 16)],
    }
    await framework.accept(offer, [
      { type: "LAUNCH_GROUP", launch_group: { executor, task_group: { tasks } } },
    ])
    for (const user of users) await framework.until(user, "TASK_RUNNING")
    writeFileSync(`${world.path}/go`, "")
    for (const user of users) await framework.until(user, "TASK_FINISHED")
    const told = [...new Bun.Glob("slaves/**/containers/*/user").scanSync({ cwd: place.workDir })]
    const found = told.map((path) => readFileSync(`${place.workDir}/${path}`, "utf8").trim())
    expect(found.toSorted()).toEqual(users.toSorted())
  })

  checkOfMesos("of one group share a directory of their executor's sandbox", async () => {
    const world = open()
    const all = "cpus:2;mem:512;disk:512;ports:[]"
    const { master, place } = await agentIn(world, "--resources", all)
    using framework = await HttpFramework.subscribe(master.mesosUrl)
    const offer = await framework.offer()
    const member = (taskId: string, value: string) => ({
      name: taskId,
      task_id: { value: taskId },
      agent_id: offer.agent_id,
      command: { value },
      resources: small,
      container: {
        type: "MESOS",
        volumes: [
          {
            container_path: "common",
            mode: "RW",
            source: { type: "SANDBOX_PATH", sandbox_path: { type: "PARENT", path: "shared" } },
          },
        ],
      },
    })
    const executor = {
      type: "DEFAULT",
      executor_id: { value: "pod" },
      framework_id: { value: framework.id },
      resources: [...small, scalar("disk", 16)],
    }
    const wait = "until [ -e common/word ]; do sleep 0.02; done; cat common/word >heard"
    const tasks = [member("says", "echo word >common/word"), member("hears", wait)]
    await framework.accept(offer, [
      { type: "LAUNCH_GROUP", launch_group: { executor, task_group: { tasks } } },
    ])
    await framework.until("hears", "TASK_FINISHED")
    expect(inSandboxes(place.workDir, "heard")).toBe("word\n")
    expect(inSandboxes(place.workDir, "shared/word")).toBe("word\n")
  })
})
