import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test"
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs"
import type { ContainerInfo, Resource, TaskInfo } from "#lib/mesos/index.ts"
import { exitedStatus } from "#lib/io/host/wait-status.ts"
import { Exits, TestPlace, until } from "#lib/io/testing/containers.ts"
import type { ContainerSpec } from "#lib/ports/index.ts"
import { ContainerProber } from "#lib/io/probe/container-prober.ts"
import { SocketProber } from "#lib/io/probe/socket-prober.ts"
import { DockerDaemon } from "./daemon.ts"
import { containerName, OWNER_LABEL } from "./create-options.ts"
import { DockerRuntime } from "./docker-runtime.ts"
import type { DockerRuntimeOptions } from "./docker-runtime.ts"
import { describeWith, rootUser, testWith } from "../../../test/fixtures/system-parts.ts"

const SOCKET = process.env["DCOS_TEST_DOCKER_SOCKET"] ?? "/var/run/docker.sock"
const IMAGE = "dcos-test/busybox:1"
/** Why there can be no container here; and whether the daemon has a bridge network to join. */
async function probeDaemon(): Promise<{ missing?: string; bridged: boolean }> {
  if (!existsSync(SOCKET)) return { missing: `no Docker socket at ${SOCKET}`, bridged: false }
  if (Bun.which("busybox") === null) return { missing: "no busybox to build from", bridged: false }
  const daemon = new DockerDaemon(SOCKET)
  try {
    await daemon.ping()
    const networks = await (await daemon.client()).listNetworks()
    return { bridged: networks.some(({ Driver }) => Driver === "bridge") }
  } catch (cause) {
    return { missing: daemon.explain(cause), bridged: false }
  }
}
const { missing, bridged } = await probeDaemon()

const never = new AbortController().signal

const scalarOf = (name: string, amount: number): Resource => ({
  name,
  value: { kind: "scalar", milli: amount * 1000 },
  reservations: [],
})

let place: TestPlace
let exits: Exits
let runtime: DockerRuntime
const launched: ContainerSpec[] = []

const open = (socketPath = SOCKET, more: Partial<DockerRuntimeOptions> = {}): DockerRuntime => {
  const { runtimeDir, root: owner } = place
  const options = { socketPath, runtimeDir, owner, address: "10.1.2.3", ...more }
  const opened = new DockerRuntime(options)
  opened.onExit(exits.listen)
  return opened
}

const container = (
  docker: Partial<ContainerInfo["docker"]> = {},
  more: Partial<ContainerInfo> = {},
): ContainerInfo => ({ type: "DOCKER", docker: { image: IMAGE, ...docker }, ...more })

const spec = (
  command: string,
  task: Partial<TaskInfo> = {},
  environment: Record<string, string> = {},
): ContainerSpec =>
  place.spec(command, {
    runtime: "docker",
    environment,
    task: { container: container(), ...task },
  })

async function launch(started: ContainerSpec): Promise<ContainerSpec> {
  launched.push(started)
  const result = await runtime.launch(started, never)
  if (!result.ok) throw new Error(result.error.message)
  return started
}

async function restart(more: Partial<DockerRuntimeOptions> = {}): Promise<void> {
  await runtime.close()
  runtime = open(SOCKET, more)
}

/** Makes an image of a static busybox, without any registry. */
async function importImage(): Promise<void> {
  using image = new TestPlace()
  mkdirSync(`${image.root}/fs/bin`, { recursive: true })
  const busybox = Bun.which("busybox") ?? ""
  await Bun.$`cp ${busybox} ${image.root}/fs/bin/busybox`.quiet()
  for (const name of [
    "sh",
    "sleep",
    "echo",
    "env",
    "seq",
    "cat",
    "nc",
    "hostname",
    "dd",
    "pgrep",
    "tail",
  ])
    await Bun.$`ln -s busybox ${image.root}/fs/bin/${name}`.quiet()
  await Bun.$`tar -C ${image.root}/fs -cf ${image.root}/fs.tar .`.quiet()
  const docker = await new DockerDaemon(SOCKET).client()
  const [repo, tag] = IMAGE.split(":")
  const stream = await docker.importImage(`${image.root}/fs.tar`, { repo, tag })
  await new Promise((resolve, reject) =>
    docker.modem.followProgress(stream, (cause: Error | null) =>
      cause === null ? resolve(undefined) : reject(cause),
    ),
  )
}

describeWith({ name: "docker", missing })("docker containers", () => {
  beforeAll(importImage)
  beforeEach(() => {
    place = new TestPlace()
    exits = new Exits()
    runtime = open()
  })
  afterEach(async () => {
    for (const each of launched.splice(0)) await runtime.forget(each)
    await runtime.close()
    place[Symbol.dispose]()
  })
  afterAll(async () => {
    const docker = await new DockerDaemon(SOCKET).client()
    await docker.getImage(IMAGE).remove({ force: true })
  })

  test("runs a shell command, with its output in the sandbox and its exit code", async () => {
    const task = await launch(spec("echo out; echo err >&2; exit 42"))
    expect(await exits.of(task)).toMatchObject({ status: exitedStatus(42) })
    expect(place.read(task)).toBe("out\n")
    expect(place.read(task, "stderr")).toBe("err\n")
  })

  test("hands over environment, sandbox and labels, and shows the container", async () => {
    const task = spec(
      "echo made > $MESOS_SANDBOX/file; env; echo done; exec sleep 1000",
      {},
      { A: "b c" },
    )
    launched.push(task)
    const started = await runtime.launch(task, never)
    if (!started.ok) throw new Error(started.error.message)
    expect(started.value.status).toMatchObject({
      containerId: { value: task.containerId },
      networkInfos: [{ ipAddresses: [{ protocol: "IPv4", ipAddress: "10.1.2.3" }] }],
    })
    const [inspected] = JSON.parse(started.value.data ?? "[]") as { Name: string }[]
    expect(inspected?.Name).toBe(`/${containerName(task.containerId)}`)
    await until(() => place.read(task, "file") === "made\n" && /^done$/m.test(place.read(task)))
    const environment = place.read(task).split("\n")
    expect(environment).toContain("A=b c")
    expect(environment).toContain("MESOS_SANDBOX=/mnt/mesos/sandbox")
    expect(environment).toContain(`MESOS_CONTAINER_NAME=${containerName(task.containerId)}`)
  })

  test("applies limits, volumes and parameters", async () => {
    mkdirSync(`${place.root}/data`)
    writeFileSync(`${place.root}/data/in`, "shared")
    const task = spec("cat /data/in; hostname; exec sleep 1000", {
      resources: [scalarOf("cpus", 0.5), scalarOf("mem", 64)],
      container: container(
        { network: "NONE", parameters: [{ key: "hostname", value: "named" }] },
        { volumes: [{ mode: "RO", containerPath: "/data", hostPath: `${place.root}/data` }] },
      ),
    })
    await launch(task)
    await until(() => place.read(task) === "sharednamed\n")
    const statistics = await runtime.statistics(task)
    expect(statistics).toMatchObject({ memLimitBytes: 64 * 1024 * 1024, cpusLimit: 0.5 })
  })

  test("gives a container other limits, and takes no memory away", async () => {
    const sized = (cpus: number, mem: number) => [scalarOf("cpus", cpus), scalarOf("mem", mem)]
    const task = spec("exec sleep 1000", { resources: sized(0.5, 64) })
    await launch(task)
    const limitAfter = async (cpus: number, mem: number): Promise<number | undefined> => {
      const resized = { ...task, task: { ...task.task, resources: sized(cpus, mem) } }
      expect(await runtime.resize(resized)).toEqual({ ok: true, value: undefined })
      return (await runtime.statistics(task))?.memLimitBytes
    }
    expect(await limitAfter(1, 128)).toBe(128 * 1024 * 1024)
    expect(await limitAfter(0.5, 64)).toBe(128 * 1024 * 1024)
  })

  test("gives and lifts limits beyond what was asked for", async () => {
    const docker = await new DockerDaemon(SOCKET).client()
    const resources = [scalarOf("cpus", 0.5), scalarOf("mem", 64)]
    const task = spec("exec sleep 1000", { resources })
    await launch(task)
    const after = async (limits: Readonly<Record<string, { value: number }>>) => {
      const resized = { ...task, task: { ...task.task, resources, limits } }
      expect(await runtime.resize(resized)).toEqual({ ok: true, value: undefined })
      const name = `mesos-${task.containerId}`
      const { HostConfig } = await docker.getContainer(name).inspect()
      return [HostConfig.CpuQuota, HostConfig.Memory, HostConfig.MemoryReservation]
    }
    const mib = 1024 * 1024
    const limits = { cpus: { value: 2 }, mem: { value: 128 } }
    expect(await after(limits)).toEqual([200_000, 128 * mib, 64 * mib])
    expect(await after({ mem: { value: Infinity } })).toEqual([-1, 2 ** 52, 64 * mib])
  })

  testWith(rootUser)("is checked in its own network, where others do not reach it", async () => {
    const serve = "cd /tmp; echo hello >index.html; exec httpd -f -p 127.0.0.1:80"
    const task = await launch(spec(serve, { container: container({ network: "NONE" }) }))
    const prober = new ContainerProber({ prober: new SocketProber(), runtimeOf: () => runtime })
    const { signal } = new AbortController()
    const ask = () => prober.check(task, { http: { port: 80 } }, signal)
    await until(async () => (await ask()).http?.statusCode === 200)
    expect(await prober.health(task, { http: { port: 81 } }, signal)).toMatchObject({
      healthy: false,
      message: expect.stringContaining("http://127.0.0.1:81/") as string,
    })
    await runtime.kill(task.containerId, { force: true })
    await exits.of(task)
    expect(await runtime.network(task)).toBeUndefined()
  })

  testWith({ name: "bridge", missing: bridged ? undefined : "the daemon has no bridge network" })(
    "publishes ports of a container on the bridge network",
    async () => {
      const port = 31_000 + (process.pid % 1000)
      const value = { kind: "ranges", ranges: [{ begin: port, end: port }] } as const
      const task = await launch(
        spec("while true; do echo -e 'HTTP/1.0 200 OK\n\nhello' | nc -l -p 80; done", {
          resources: [{ name: "ports", value, reservations: [] }],
          container: container({
            network: "BRIDGE",
            portMappings: [{ hostPort: port, containerPort: 80 }],
          }),
        }),
      )
      const answer = (): Promise<string> =>
        fetch(`http://127.0.0.1:${port}/`).then((response) => response.text())
      await until(async () => (await answer().catch(() => "")).startsWith("hello"))
      const address = await runtime.address(task)
      const recovered = await runtime.recover(task)
      expect(address).not.toBe("127.0.0.1")
      expect(recovered).toMatchObject({
        started: { status: { networkInfos: [{ ipAddresses: [{ ipAddress: address }] }] } },
      })
    },
  )

  test("reports the end of a container that used too much memory as a limitation", async () => {
    const fill = "exec dd if=/dev/zero of=/dev/null bs=200M count=1"
    const resources = [scalarOf("mem", 32)]
    const task = await launch(spec(fill, { resources }))
    const exit = await exits.of(task)
    expect(exit.limitation).toMatchObject({
      reason: "REASON_CONTAINER_LIMITATION_MEMORY",
      resources,
    })
  })

  test("asks a container to end with SIGTERM, and ends it by force", async () => {
    const polite = await launch(spec("trap 'exit 3' TERM; echo up; sleep 1000 & wait"))
    await until(() => place.read(polite) === "up\n")
    await runtime.kill(polite.containerId, { force: false })
    expect(await exits.of(polite)).toMatchObject({ status: exitedStatus(3) })
    const deaf = await launch(spec("trap '' TERM; sleep 1000 & wait"))
    await runtime.kill(deaf.containerId, { force: true })
    expect(await exits.of(deaf)).toMatchObject({ status: exitedStatus(137) })
    await runtime.kill(deaf.containerId, { force: true })
  })

  test("loses and doubles no output over restarts of the agent", async () => {
    const count = "for i in $(seq 1 3000); do echo out $i; echo err $i >&2; done"
    const go = "while [ ! -e /mnt/mesos/sandbox/go ]; do sleep 0.05; done"
    const task = await launch(spec(`${count}; ${go}; ${count}; exit 9`))
    await until(() => place.read(task).length > 0)
    await restart()
    expect((await runtime.recover(task)).kind).toBe("running")
    await until(() => place.read(task).length > 20_000)
    // The next life finds more in the log than was recorded: it died before it could write it down.
    await runtime.close()
    writeFileSync(`${task.sandbox}/stdout`, "torn off", { flag: "a" })
    writeFileSync(`${task.sandbox}/go`, "")
    runtime = open()
    const recovery = await runtime.recover(task)
    const exit = recovery.kind === "exited" ? recovery.exit : await exits.of(task)
    expect(exit).toMatchObject({ status: exitedStatus(9) })
    const lines = Array.from({ length: 3000 }, (_, index) => index + 1)
    const expected = (word: string) =>
      lines
        .map((line) => `${word} ${line}\n`)
        .join("")
        .repeat(2)
    expect(place.read(task)).toBe(expected("out"))
    expect(place.read(task, "stderr")).toBe(expected("err"))
  }, 30_000)

  test("keeps a container that has ended until all of its output is copied", async () => {
    const lines = 50_000
    const task = await launch(spec(`exec seq 1 ${lines}`))
    expect(await exits.of(task)).toMatchObject({ status: 0 })
    await runtime.forget(task)
    const expected = Array.from({ length: lines }, (_, index) => `${index + 1}\n`).join("")
    expect(place.read(task) === expected).toBe(true)
    expect(await runtime.recover(task)).toEqual({ kind: "unknown" })
  }, 30_000)

  test("reads bare lines of a terminal, also after a restart of the agent", async () => {
    const parameters = [{ key: "tty", value: "true" }]
    const wait = "while [ ! -e /mnt/mesos/sandbox/go ]; do sleep 0.05; done"
    const task = spec(`echo one; ${wait}; echo two`, { container: container({ parameters }) })
    await launch(task)
    await until(() => place.read(task) === "one\r\n")
    await restart()
    expect((await runtime.recover(task)).kind).toBe("running")
    writeFileSync(`${task.sandbox}/go`, "")
    expect(await exits.of(task)).toMatchObject({ status: 0 })
    expect(place.read(task)).toBe("one\r\ntwo\r\n")
  })

  test("reports the exit code of a container that ended while no agent ran", async () => {
    const task = await launch(
      spec("while [ ! -e /mnt/mesos/sandbox/go ]; do sleep 0.05; done; exit 6"),
    )
    await runtime.close()
    writeFileSync(`${task.sandbox}/go`, "")
    runtime = open()
    let recovery = await runtime.recover(task)
    if (recovery.kind === "running") {
      const exit = await exits.of(task)
      recovery = { kind: "exited", exit }
    }
    expect(recovery).toMatchObject({ kind: "exited", exit: { status: exitedStatus(6) } })
  })

  test("knows nothing of a container that was never made, or was forgotten", async () => {
    const task = spec("true")
    expect(await runtime.recover(task)).toEqual({ kind: "unknown" })
    await launch(task)
    await exits.of(task)
    await runtime.forget(task)
    await runtime.forget(task)
    expect(await runtime.recover(task)).toEqual({ kind: "unknown" })
  })

  test("takes the place of a container that an earlier life asked for and never started", async () => {
    const task = spec("exit 3")
    const docker = await new DockerDaemon(SOCKET).client()
    const leftBehind = { name: containerName(task.containerId), Image: IMAGE, Cmd: ["false"] }
    const dying = docker.createContainer({ ...leftBehind, Labels: { [OWNER_LABEL]: place.root } })
    await launch(task)
    await dying
    expect(await exits.of(task)).toEqual({ status: exitedStatus(3) })
  })

  test("leaves a container alone that has the name and is another's", async () => {
    const task = spec("true")
    const docker = await new DockerDaemon(SOCKET).client()
    const Labels = { [OWNER_LABEL]: "another agent" }
    const name = containerName(task.containerId)
    const foreign = await docker.createContainer({ name, Image: IMAGE, Cmd: ["true"], Labels })
    const refused = await runtime.launch(task, never)
    expect(refused).toMatchObject({ ok: false, error: { message: expect.stringContaining(name) } })
    await foreign.remove()
  })

  test("removes only its own containers that no record names", async () => {
    const kept = await launch(spec("exec sleep 1000"))
    const orphan = await launch(spec("exec sleep 1000"))
    const foreign = new DockerRuntime({
      socketPath: SOCKET,
      runtimeDir: place.runtimeDir,
      owner: "another agent",
      address: "10.1.2.4",
    })
    expect(await foreign.removeOrphans(new Set())).toEqual([])
    expect(await runtime.removeOrphans(new Set([kept.containerId]))).toEqual([orphan.containerId])
    await restart()
    expect((await runtime.recover(kept)).kind).toBe("running")
    expect(await runtime.recover(orphan)).toEqual({ kind: "unknown" })
    await foreign.close()
  })

  test("leaves containers that no record names alone where the operator wants that", async () => {
    const orphan = await launch(spec("exec sleep 1000"))
    await restart({ killOrphans: false })
    expect(await runtime.removeOrphans(new Set())).toEqual([])
    expect((await runtime.recover(orphan)).kind).toBe("running")
    await restart()
    expect(await runtime.removeOrphans(new Set())).toEqual([orphan.containerId])
  })

  test("keeps containers that have ended for a while where the operator wants that", async () => {
    await restart({ removeDelayMs: 3_600_000 })
    const one = await launch(spec("exit 3"))
    await exits.of(one)
    await runtime.forget(one)
    expect(await runtime.removeOrphans(new Set())).toEqual([])
    const docker = await new DockerDaemon(SOCKET).client()
    const kept = docker.getContainer(containerName(one.containerId))
    expect((await kept.inspect()).State.ExitCode).toBe(3)
    await restart({ removeDelayMs: 1 })
    expect(await runtime.removeOrphans(new Set())).toEqual([one.containerId])
    expect(kept.inspect()).rejects.toThrow("no such container")
  })

  test("removes containers when they have been kept for long enough", async () => {
    await restart({ removeDelayMs: 500 })
    const one = await launch(spec("exit 3"))
    await exits.of(one)
    await runtime.forget(one)
    const docker = await new DockerDaemon(SOCKET).client()
    const kept = docker.getContainer(containerName(one.containerId))
    await until(() =>
      kept.inspect().then(
        () => false,
        () => true,
      ),
    )
  })

  test("runs commands inside the container, and ends those that take too long", async () => {
    const task = await launch(spec("exec sleep 1000", {}, { A: "inside" }))
    const run = (value: string, timeoutMs = 5000) =>
      runtime.runIn(task, { command: { value }, timeoutMs })
    expect(await run("echo $A; exit 4")).toEqual({
      kind: "exited",
      status: exitedStatus(4),
      output: "inside\n",
    })
    expect(await run("sleep 1000.0625; true", 200)).toEqual({ kind: "timedOut" })
    // What the shell had started is gone as well.
    const sleeps = (pid: string): boolean => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("sleep\x001000.0625")
      } catch {
        return false
      }
    }
    await until(() => !readdirSync("/proc").some(sleeps))
  })

  test("measures what a container uses", async () => {
    const resources = [scalarOf("cpus", 0.5), scalarOf("mem", 64)]
    const fill = "dd if=/dev/zero of=/x bs=1M count=8"
    const busy = "while [ ! -e $MESOS_SANDBOX/go ]; do :; done"
    const task = await launch(spec(`${fill}; ${busy}; exec sleep 1000`, { resources }))
    await until(async () => ((await runtime.statistics(task))?.cpusUserTimeSecs ?? 0) > 0)
    const statistics = await runtime.statistics(task)
    expect(statistics).toMatchObject({
      cpusLimit: 0.5,
      cpusSoftLimit: 0.5,
      memLimitBytes: 64 * 1024 * 1024,
      memSoftLimitBytes: 64 * 1024 * 1024,
      threads: 1,
      cpusNrPeriods: expect.any(Number),
    })
    expect(statistics?.memRssBytes).toBeGreaterThan(0)
    expect(statistics?.memTotalBytes).toBeGreaterThan(8 * 1024 * 1024)
    // On the network of its host nothing is its own.
    expect(statistics).not.toHaveProperty("netRxBytes")
    writeFileSync(`${task.sandbox}/go`, "")
    await runtime.kill(task.containerId, { force: true })
    await exits.of(task)
    expect(await runtime.statistics(task)).toBeUndefined()
  })

  test("refuses an image that cannot be had, a bad parameter and an unknown program", async () => {
    const prepared: string[] = []
    const refusal = async (
      docker: Partial<ContainerInfo["docker"]>,
      task: Partial<TaskInfo> = {},
    ) => {
      const started = await runtime.launch(
        spec("true", { container: container(docker), ...task }),
        never,
        () => prepared.push(JSON.stringify(docker)),
      )
      return started.ok ? "" : `${started.error.reason}: ${started.error.message}`
    }
    expect(await refusal({ image: "localhost:1/none:1" })).toStartWith(
      "REASON_CONTAINER_LAUNCH_FAILED: the container could not be given image localhost:1/none:1: ",
    )
    expect(await refusal({ parameters: [{ key: "name", value: "x" }] })).toEndWith(
      "Docker parameter 'name' cannot be used: the agent names its containers",
    )
    expect(await refusal({}, { command: { shell: false, value: "no-such-program" } })).toContain(
      "the container could not be started: ",
    )
    // Those of the first two were not, for which the task would wait in TASK_STARTING.
    expect(prepared).toEqual(["{}"])
    expect(await runtime.removeOrphans(new Set())).toEqual([])
  })
})

test("says what to do when the daemon is down", async () => {
  place = new TestPlace()
  exits = new Exits()
  const down = open(`${place.root}/docker.sock`)
  const remedy = expect.stringMatching(/the Docker daemon at .* cannot be reached .*: start it/)
  expect(await down.available()).toEqual({ ok: false, error: remedy })
  expect(await down.launch(spec("true"), never)).toEqual({
    ok: false,
    error: { reason: "REASON_CONTAINER_LAUNCH_FAILED", message: remedy },
  })
  // A container that it does not run is none of its business, and no reason to wait for the daemon.
  await down.kill(spec("true").containerId, { force: true })
  // A container may well run on: nothing else is claimed until the daemon answers.
  expect((await down.recover(spec("true"))).kind).toBe("running")
  expect(await down.runIn(spec("true"), { command: { value: "x" }, timeoutMs: 1 })).toEqual({
    kind: "failed",
    message: remedy,
  })
  await down.close()
  place[Symbol.dispose]()
})
