import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from "node:fs"
import { Exits, removeCgroups, TestPlace, until } from "#lib/io/testing/containers.ts"
import { exitedStatus, signaledStatus } from "#lib/io/host/wait-status.ts"
import { isAlive, readStat } from "#lib/io/host/proc.ts"
import { parseResources } from "#lib/mesos/index.ts"
import type { TaskInfo } from "#lib/mesos/index.ts"
import type { ContainerSpec } from "#lib/ports/index.ts"
import { RuncRuntime } from "./runc-runtime.ts"
import type { RuncRuntimeOptions } from "./runc-runtime.ts"

const never = new AbortController().signal
const usable =
  process.getuid?.() === 0 && Bun.which("runc") !== null && Bun.which("conmon") !== null

let place: TestPlace
let exits: Exits
let runtime: RuncRuntime

const CGROUPS = `dcos-test-${process.pid}`

const open = (more: Partial<RuncRuntimeOptions> = {}): RuncRuntime => {
  const opened = new RuncRuntime({
    runtimeDir: place.runtimeDir,
    rootsDir: `${place.root}/roots`,
    address: "10.1.2.3",
    settings: { cgroupsRoot: CGROUPS },
    ...more,
  })
  exits = new Exits()
  opened.onExit(exits.listen)
  return opened
}

const spec = (
  command: Parameters<TestPlace["spec"]>[0],
  options: Parameters<TestPlace["spec"]>[1] = {},
) => place.spec(command, { ...options, runtime: "runc" })

function resources(text: string): Partial<TaskInfo> {
  const parsed = parseResources(text)
  return parsed.ok ? { resources: parsed.value } : {}
}

async function launch(one: ContainerSpec): Promise<number> {
  const launched = await runtime.launch(one, never)
  if (!launched.ok) throw new Error(launched.error.message)
  return launched.value.status.executorPid ?? 0
}

const restart = async (): Promise<void> => {
  await runtime.close()
  runtime = open()
}

beforeEach(() => {
  place = new TestPlace()
  runtime = open()
})

afterAll(() => removeCgroups(CGROUPS))

afterEach(async () => {
  await runtime.removeOrphans(new Set())
  await until(leavesNothing)
  await runtime.close()
  place[Symbol.dispose]()
})

/** No cgroup of a container in any hierarchy, no supervisor. */
const leavesNothing = (): boolean =>
  readdirSync("/sys/fs/cgroup", { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .every(({ name }) => {
      const path = `/sys/fs/cgroup/${name}/${CGROUPS}`
      const inside = existsSync(path) ? readdirSync(path, { withFileTypes: true }) : []
      return inside.every((entry) => !entry.isDirectory())
    })

const bundle = (one: ContainerSpec): string => `${place.runtimeDir}/containers/${one.containerId}`

describe.skipIf(!usable)("a container", () => {
  test("can be run here", async () => {
    expect(await runtime.available()).toEqual({ ok: true, value: undefined })
  })

  test("reports its exit code and writes into its sandbox", async () => {
    const one = spec("echo out; echo err >&2; pwd; exit 7")
    await launch(one)
    expect(await exits.of(one)).toEqual({ status: exitedStatus(7) })
    expect(place.read(one)).toBe(`out\n${one.sandbox}\n`)
    expect(place.read(one, "stderr")).toBe("err\n")
  })

  test("sees the machine's files, its own processes and its own devices", async () => {
    const one = spec("cat /etc/hostname; ps ax | grep -c '[s]leep 1000'; ls /dev | tr '\\n' ' '")
    const other = spec("exec sleep 1000")
    await launch(other)
    await launch(one)
    await exits.of(one)
    const [hostname, sleeps, devices] = place.read(one).split("\n")
    expect(hostname).toBe(readFileSync("/etc/hostname", "utf8").trim())
    expect(sleeps).toBe("0")
    // runc links "core" where the kernel has a /proc/kcore.
    expect(devices?.replace("core ", "")).toBe(
      "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero ",
    )
  })

  test("leaves nothing mounted on the machine", async () => {
    await launch(spec("exec sleep 1000"))
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(place.root)
  })

  test("runs as its user, with the user's groups and no rights of root", async () => {
    const one = spec("id -u; id -g; grep CapEff /proc/self/status", { user: "nobody" })
    await launch(one)
    await exits.of(one)
    expect(place.read(one)).toBe("65534\n65534\nCapEff:\t0000000000000000\n")
  })

  test("has its limits", async () => {
    const rlimits = [{ type: "RLMT_NOFILE", soft: 100, hard: 200 }, { type: "RLMT_CORE" }] as const
    const one = spec("ulimit -Sn; ulimit -Hn; ulimit -c", {
      task: { container: { type: "MESOS", rlimitInfo: { rlimits } } },
    })
    await launch(one)
    await exits.of(one)
    expect(place.read(one)).toBe("100\n200\nunlimited\n")
  })

  test("may use the memory that it is given later, and keeps it", async () => {
    const go = `${place.root}/go`
    const use = "dd if=/dev/zero of=/dev/null bs=100M count=1"
    const one = spec(`until [ -e ${go} ]; do sleep 0.01; done; ${use}`, {
      task: resources("cpus:0.1;mem:32"),
    })
    await launch(one)
    for (const size of ["cpus:0.2;mem:256", "cpus:0.1;mem:32"])
      expect(await runtime.resize({ ...one, task: { ...one.task, ...resources(size) } })).toEqual({
        ok: true,
        value: undefined,
      })
    writeFileSync(go, "")
    expect((await exits.of(one)).limitation).toBeUndefined()
  })

  test("is given volumes later, each once, that the machine does not see and that go with it", async () => {
    const volumes = ["shared", "read"].map((name) => `${place.root}/${name} volume`)
    for (const volume of volumes) mkdirSync(volume)
    const wait = (file: string): string => `until [ -e ${file} ]; do sleep 0.01; done`
    const script = `${wait("data/go")}; touch data/told; touch reading/x 2>/dev/null || echo refused`
    const one = spec(script)
    await launch(one)
    const mount = (target: string, at: number) => {
      mkdirSync(`${one.sandbox}/${target}`, { recursive: true })
      return { source: volumes[at] ?? "", target, kind: "directory" as const, readOnly: at === 1 }
    }
    const mounts = [mount("data", 0), mount("reading", 1)]
    for (const given of [mounts.slice(0, 1), mounts, mounts])
      expect(await runtime.resize({ ...one, mounts: given })).toEqual({
        ok: true,
        value: undefined,
      })
    const pid = readFileSync(`${place.runtimeDir}/containers/${one.containerId}/pid`, "utf8").trim()
    const seen = readFileSync(`/proc/${pid}/mountinfo`, "utf8")
    expect(seen.split(`${one.sandbox}/`)).toHaveLength(3)
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(`${one.sandbox}/`)
    writeFileSync(`${volumes[0]}/go`, "")
    expect(await exits.of(one)).toEqual({ status: 0 })
    expect([place.read(one), existsSync(`${volumes[0]}/told`)]).toEqual(["refused\n", true])
  })

  test("says why it cannot be given a volume", async () => {
    const one = spec("exec sleep 1000")
    await launch(one)
    const missing = {
      source: "/nowhere",
      target: "data",
      kind: "directory",
      readOnly: false,
    } as const
    const refused = await runtime.resize({ ...one, mounts: [missing] })
    expect(refused.ok ? "" : refused.error).toContain(
      `the volume cannot be mounted at ${one.sandbox}/data: mount: `,
    )
    await runtime.kill(one.containerId, { force: true })
    await exits.of(one)
  })

  test("that uses up its memory ends with that limitation", async () => {
    const one = spec("exec tail /dev/zero", { task: resources("mem:32") })
    await launch(one)
    const exit = await exits.of(one)
    expect(exit.limitation).toMatchObject({
      reason: "REASON_CONTAINER_LIMITATION_MEMORY",
      message: expect.stringMatching(
        /^Memory limit exceeded: Requested: 32MB Maximum Used: 32MB\n/,
      ),
      resources: [{ name: "mem", value: { kind: "scalar", milli: 32_000 } }],
    })
  })

  test("whose child uses up the memory ends too", async () => {
    const one = spec("tail /dev/zero; exec sleep 1000", { task: resources("mem:32") })
    await launch(one)
    expect((await exits.of(one)).limitation?.reason).toBe("REASON_CONTAINER_LIMITATION_MEMORY")
  })

  test("sees volumes where it wants them, read-only ones too", async () => {
    const one = spec("cat data/file; echo no > data/file", {})
    mkdirSync(`${one.sandbox}/data`)
    const source = mkdtempSync(`${place.root}/volume-`)
    writeFileSync(`${source}/file`, "content\n")
    await launch({
      ...one,
      mounts: [{ source, target: "data", kind: "directory", readOnly: true }],
    })
    expect(await exits.of(one)).toEqual({ status: exitedStatus(2) })
    expect(place.read(one)).toBe("content\n")
    expect(place.read(one, "stderr")).toContain("Read-only file system")
  })

  test("knows its secrets, as commands in it do; its records keep none", async () => {
    const one = spec(
      {
        value: "echo $KEY; exec sleep 1000",
        environment: { variables: [{ name: "KEY", type: "SECRET" }] },
      },
      { environment: { KEY: "hidden", OTHER: "shown" } },
    )
    await launch(one)
    await until(() => place.read(one) === "hidden\n")
    const config = readFileSync(`${bundle(one)}/config.json`, "utf8")
    expect(config).not.toContain("hidden")
    expect(config).toContain("OTHER=shown")
    const command = {
      value: "echo $KEY $OTHER",
      environment: { variables: [{ name: "OTHER", value: "its own" }] },
    }
    const outcome = await runtime.runIn(one, { command, timeoutMs: 5000 })
    expect(outcome).toMatchObject({ output: "hidden its own\n" })
    expect(readdirSync(bundle(one)).filter((name) => /command|script/.test(name))).toEqual([])
  })

  test("cannot make the system calls that its rights are not for", async () => {
    const one = spec("unshare -n true; mount -t tmpfs none /mnt; echo end")
    await launch(one)
    await exits.of(one)
    expect(place.read(one)).toBe("end\n")
    expect(
      place.read(one, "stderr").match(/Operation not permitted|permission denied/g),
    ).toHaveLength(2)
  })

  test.each([
    [
      "a network that is not there",
      { networkInfos: [{ name: "overlay" }] },
      "'overlay' is not known",
    ],
    ["a limit that is none", { rlimitInfo: { rlimits: [{ type: "UNKNOWN" }] } }, "unknown limit"],
    ["shared memory of a size, but not its own", { linuxInfo: { shmSize: 1 } }, "ipc_mode PRIVATE"],
  ] as const)("is refused that wants %s", async (_what, container, text) => {
    const launched = await runtime.launch(
      spec("true", { task: { container: { type: "MESOS", ...container } } }),
      never,
      () => expect.unreachable(),
    )
    expect(launched).toMatchObject({ ok: false, error: { message: expect.stringContaining(text) } })
  })

  test("whose program is missing says so once it is prepared, and leaves nothing", async () => {
    const one = spec({ shell: false, value: "/no/such/program" })
    const told: string[] = []
    const launched = await runtime.launch(one, never, () => told.push("prepared"))
    expect(told).toEqual(["prepared"])
    expect(launched).toMatchObject({
      ok: false,
      error: {
        reason: "REASON_CONTAINER_LAUNCH_FAILED",
        message: expect.stringContaining("/no/such/program"),
      },
    })
    expect(await runtime.recover(one)).toEqual({ kind: "unknown" })
  })
})

describe.skipIf(!usable)("the end of a container", () => {
  test("comes by SIGTERM though its first process has no handler", async () => {
    const one = spec("exec sleep 1000")
    await launch(one)
    await runtime.kill(one.containerId, { force: false })
    expect(await exits.of(one)).toEqual({ status: signaledStatus(15) })
  })

  test("waits for a handler in a child, whose parent does not go on", async () => {
    const child = `trap "sleep 0.2; echo saved; exit 0" TERM; echo up; while :; do sleep 0.01; done`
    const one = spec(`sh -c '${child}'; echo went on; true`)
    await launch(one)
    await until(() => place.read(one) === "up\n")
    await runtime.kill(one.containerId, { force: false })
    expect(await exits.of(one)).toEqual({ status: signaledStatus(15) })
    expect(place.read(one)).toBe("up\nsaved\n")
  })

  test("comes by force where SIGTERM is ignored", async () => {
    const one = spec("trap '' TERM; echo up; while :; do sleep 0.01; done")
    await launch(one)
    await until(() => place.read(one) === "up\n")
    await runtime.kill(one.containerId, { force: false })
    await runtime.kill(one.containerId, { force: true })
    expect(await exits.of(one)).toEqual({ status: signaledStatus(9) })
  })

  test("is the end of a fork bomb", async () => {
    await runtime.close()
    runtime = open({ settings: { cgroupsRoot: CGROUPS, pidsLimit: 50 } })
    const one = spec("bomb() { bomb | bomb & }; bomb & exec sleep 1000")
    await launch(one)
    await until(() => place.read(one, "stderr").includes("fork"))
    await runtime.kill(one.containerId, { force: true })
    expect(await exits.of(one)).toEqual({ status: signaledStatus(9) })
  })

  test("is the end of everything in it", async () => {
    const one = spec("setsid sleep 1000 & echo $!; exit 3", {
      task: { container: { type: "MESOS", linuxInfo: { sharePidNamespace: true } } },
    })
    await launch(one)
    expect(await exits.of(one)).toEqual({ status: exitedStatus(3) })
    const pid = Number(place.read(one))
    await until(() => ["Z", undefined].includes(readStat(pid)?.state))
  })
})

describe.skipIf(!usable)("after a restart of the agent, a container", () => {
  test("is found again, and reports its exit code", async () => {
    const one = spec("while [ ! -e go ]; do sleep 0.01; done; exit 5")
    const pid = await launch(one)
    await restart()
    expect(await runtime.recover(one)).toMatchObject({
      kind: "running",
      started: { status: { executorPid: pid } },
    })
    writeFileSync(`${one.sandbox}/go`, "")
    expect(await exits.of(one)).toEqual({ status: exitedStatus(5) })
  })

  test("that has ended meanwhile reports its exit code", async () => {
    const one = spec("while [ ! -e go ]; do sleep 0.01; done; exit 6")
    await launch(one)
    await runtime.close()
    writeFileSync(`${one.sandbox}/go`, "")
    await until(() => existsSync(`${place.runtimeDir}/ended/${one.containerId}`))
    runtime = open()
    expect(await runtime.recover(one)).toEqual({
      kind: "exited",
      exit: { status: exitedStatus(6) },
    })
    expect(exits.heard).toEqual([])
  })

  test("whose supervisor was killed is ended, its exit code lost", async () => {
    const one = spec("exec sleep 1000")
    const init = readStat(await launch(one))
    const conmon = Number(readFileSync(`${bundle(one)}/conmon.pid`, "utf8"))
    process.kill(conmon, "SIGKILL")
    const lost = { message: expect.stringContaining("exit status of the container is lost") }
    expect(await exits.of(one)).toEqual(lost)
    await until(() => init === undefined || !isAlive(init))
    await restart()
    expect(await runtime.recover(one)).toEqual({ kind: "exited", exit: lost })
  })

  test("that was made but not started never starts later", async () => {
    const one = spec("echo ran")
    const launcher = new AbortController()
    const path = `${place.runtimeDir}/state/${one.containerId}/exec.fifo`
    const launching = runtime.launch(one, launcher.signal)
    while (!existsSync(path)) await Bun.sleep(0)
    launcher.abort()
    expect((await launching).ok).toBe(false)
    await restart()
    expect(await runtime.recover(one)).toEqual({ kind: "unknown" })
    expect(place.read(one)).toBe("")
  })

  test("of an earlier boot has ended", async () => {
    const one = spec("exec sleep 1000")
    await launch(one)
    const file = `${bundle(one)}/boot_id`
    const boot = readFileSync(file, "utf8")
    writeFileSync(file, "another\n")
    const exit = { message: "the machine was restarted" }
    expect(await runtime.recover(one)).toEqual({ kind: "exited", exit })
    writeFileSync(file, boot)
  })

  test("that no record names is ended and forgotten", async () => {
    const kept = spec("exec sleep 1000")
    const orphan = spec("exec sleep 1000")
    await launch(kept)
    const init = readStat(await launch(orphan))
    await restart()
    expect(await runtime.removeOrphans(new Set([kept.containerId]))).toEqual([orphan.containerId])
    await until(() => init === undefined || !isAlive(init))
    expect(await runtime.recover(orphan)).toEqual({ kind: "unknown" })
    expect((await runtime.recover(kept)).kind).toBe("running")
  })
})

describe.skipIf(!usable)("a command beside the task", () => {
  const run = (one: ContainerSpec, value: string, timeoutMs = 5000) =>
    runtime.runIn(one, { command: { value }, timeoutMs })

  test("runs in the namespaces, with the environment and in the sandbox of the task", async () => {
    const one = spec("exec sleep 1000", { environment: { PORT: "31000" } })
    await launch(one)
    expect(await run(one, "echo $PORT; pwd; cat /proc/1/comm; exit 4")).toEqual({
      kind: "exited",
      status: exitedStatus(4),
      output: `31000\n${one.sandbox}\nsleep\n`,
    })
  })

  test("is killed with all it started when its time is up", async () => {
    const one = spec("exec sleep 1000")
    await launch(one)
    expect(await run(one, "sleep 2000 & setsid sleep 2000 & wait", 300)).toEqual({
      kind: "timedOut",
    })
    await until(async () => {
      const left = await run(one, "ps ax | grep -c '[s]leep 2000'")
      return left.kind === "exited" && left.output === "0\n"
    })
  })

  test("says why it cannot run", async () => {
    const one = spec("exec sleep 1000")
    await launch(one)
    const outcome = await runtime.runIn(one, {
      command: { shell: false, value: "/no/such/program" },
      timeoutMs: 5000,
    })
    expect(outcome).toMatchObject({
      kind: "failed",
      message: expect.stringContaining("/no/such/program"),
    })
  })
})

test.skipIf(!usable)("statistics are those of the container's cgroups", async () => {
  const one = spec("sleep 1000 & exec sleep 1000", { task: resources("cpus:0.5;mem:64") })
  await launch(one)
  await until(async () => (await runtime.statistics(one))?.processes === 2)
  expect(await runtime.statistics(one)).toMatchObject({
    threads: 2,
    cpusLimit: 0.5,
    memLimitBytes: 64 * 1024 * 1024,
    memRssBytes: expect.any(Number),
    cpusUserTimeSecs: expect.any(Number),
  })
})
