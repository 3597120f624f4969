import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { Exits, TestPlace, until } from "#lib/io/testing/containers.ts"
import { exitedStatus, signaledStatus } from "#lib/io/host/wait-status.ts"
import type { ContainerSpec } from "#lib/ports/index.ts"
import { isAlive, readStat } from "#lib/io/host/proc.ts"
import { ProcessRuntime } from "./process-runtime.ts"
import { command, rootUser, testWith } from "../../../test/fixtures/system-parts.ts"

const never = new AbortController().signal

let place: TestPlace
let exits: Exits
let runtime: ProcessRuntime
const launched: ContainerSpec[] = []

const open = (): ProcessRuntime => {
  const opened = new ProcessRuntime({ runtimeDir: place.runtimeDir, address: "10.1.2.3" })
  opened.onExit(exits.listen)
  return opened
}

async function launch(spec: ContainerSpec): Promise<number> {
  launched.push(spec)
  const started = await runtime.launch(spec, never)
  if (!started.ok) throw new Error(started.error.message)
  return started.value.status.executorPid ?? 0
}

const supervisorPid = (spec: ContainerSpec): number =>
  Number.parseInt(
    readFileSync(`${place.runtimeDir}/containers/${spec.containerId}/supervisor`, "utf8"),
    10,
  )

beforeEach(() => {
  place = new TestPlace()
  exits = new Exits()
  runtime = open()
})

afterEach(async () => {
  for (const spec of launched.splice(0)) await runtime.kill(spec.containerId, { force: true })
  await runtime.close()
  place[Symbol.dispose]()
})

describe("launch", () => {
  test("runs a shell command in its sandbox and reports its exit code", async () => {
    const spec = place.spec("echo out; echo err >&2; pwd; exit 42")
    await launch(spec)
    expect(await exits.of(spec)).toEqual({ status: exitedStatus(42) })
    expect(place.read(spec)).toBe(`out\n${spec.sandbox}\n`)
    expect(place.read(spec, "stderr")).toBe("err\n")
  })

  test("names container, host address and pid in the status", async () => {
    const spec = place.spec("exec sleep 100")
    const started = await runtime.launch(spec, never)
    launched.push(spec)
    expect(started).toMatchObject({
      ok: true,
      value: {
        status: {
          containerId: { value: spec.containerId },
          networkInfos: [{ ipAddresses: [{ protocol: "IPv4", ipAddress: "10.1.2.3" }] }],
        },
      },
    })
  })

  test("gives the task its environment and nothing of the agent's", async () => {
    process.env["SECRET_OF_AGENT"] = "leaked"
    const environment = { A: "it's\nfine $HOME", "my.prop": "dotted", UID: "7", MESOS_X: "" }
    const spec = place.spec({ shell: false, value: "env" }, { environment })
    await launch(spec)
    await exits.of(spec)
    delete process.env["SECRET_OF_AGENT"]
    const lines = place.read(spec).split("\n").sort()
    expect(lines).toEqual(
      [
        "",
        "A=it's",
        "fine $HOME",
        `MESOS_SANDBOX=${spec.sandbox}`,
        "MESOS_X=",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "UID=7",
        "my.prop=dotted",
      ].sort(),
    )
  })

  test("executes arguments as the whole argv when the command is no shell command", async () => {
    const spec = place.spec({ shell: false, value: "/bin/echo", arguments: ["echo", "a b", "$c"] })
    await launch(spec)
    expect(await exits.of(spec)).toEqual({ status: 0 })
    expect(place.read(spec)).toBe("a b $c\n")
  })

  testWith(command("bash"))("sets an argv[0] of another name (bash)", async () => {
    const value = "/bin/sh"
    const spec = place.spec({ shell: false, value, arguments: ["my-name", "-c", "echo $0"] })
    await launch(spec)
    await exits.of(spec)
    expect(place.read(spec)).toBe("my-name\n")
  })

  test("tells a signal from an exit code above 128", async () => {
    const killed = place.spec("kill -9 $$")
    const exited = place.spec("exit 137")
    await launch(killed)
    await launch(exited)
    expect(await exits.of(killed)).toEqual({ status: signaledStatus(9) })
    expect(await exits.of(exited)).toEqual({ status: exitedStatus(137) })
  })

  test("a task ignores no signal that it has not chosen to ignore", async () => {
    const spec = place.spec("grep SigIgn /proc/self/status")
    await launch(spec)
    await exits.of(spec)
    expect(place.read(spec)).toBe(`SigIgn:\t${"0".repeat(16)}\n`)
  })

  test("a task that ends at once was launched all the same", async () => {
    for (let round = 0; round < 10; round++) {
      const specs = Array.from({ length: 10 }, () => place.spec("kill -9 $$"))
      await Promise.all(specs.map(launch))
      for (const spec of specs) expect(await exits.of(spec)).toEqual({ status: signaledStatus(9) })
    }
  })

  test("reports a program that does not exist as exit code 127, with the shell's message", async () => {
    const spec = place.spec({ shell: false, value: "no-such-program" })
    await launch(spec)
    expect(await exits.of(spec)).toEqual({ status: exitedStatus(127) })
    expect(place.read(spec, "stderr")).toContain("no-such-program")
  })

  test("refuses what cannot be run, and leaves no records", async () => {
    const problems: [ContainerSpec, string][] = [
      [place.spec({}), "the command cannot be run: the command has no value"],
      [place.spec("true", { environment: { "A=B": "" } }), "'A=B' cannot be the name"],
      [place.spec("true", { user: "no-such-user" }), "user 'no-such-user' does not exist"],
    ]
    for (const [spec, message] of problems) {
      const started = await runtime.launch(spec, never, () => expect.unreachable())
      expect(started).toMatchObject({
        ok: false,
        error: { reason: "REASON_CONTAINER_LAUNCH_FAILED" },
      })
      expect(started.ok ? "" : started.error.message).toContain(message)
      expect(existsSync(`${place.runtimeDir}/containers/${spec.containerId}`)).toBe(false)
    }
  })

  test("says that a container is prepared, then starts it", async () => {
    const told: string[] = []
    const spec = place.spec("true")
    const started = await runtime.launch(spec, never, () => told.push("prepared"))
    launched.push(spec)
    told.push(started.ok ? "started" : started.error.message)
    expect(told).toEqual(["prepared", "started"])
  })

  test("does not write through a link that stands where a log belongs", async () => {
    const spec = place.spec("echo overwritten")
    writeFileSync(`${place.root}/victim`, "precious")
    symlinkSync(`${place.root}/victim`, `${spec.sandbox}/stdout`)
    expect((await runtime.launch(spec, never)).ok).toBe(false)
    expect(readFileSync(`${place.root}/victim`, "utf8")).toBe("precious")
  })

  test("starts nothing when the launch was given up", async () => {
    const spec = place.spec("echo ran")
    expect((await runtime.launch(spec, AbortSignal.abort())).ok).toBe(false)
    expect(place.read(spec)).toBe("")
    expect(await runtime.recover(spec)).toEqual({ kind: "unknown" })
  })

  test("refuses to launch a container twice", async () => {
    const spec = place.spec("exec sleep 100")
    await launch(spec)
    const again = await runtime.launch(spec, never)
    expect(again.ok ? "" : again.error.message).toContain("was launched before")
  })

  testWith(command("prlimit"))("applies resource limits", async () => {
    const rlimitInfo = { rlimits: [{ type: "RLMT_NOFILE", soft: 77, hard: 99 }] } as const
    const spec = place.spec("ulimit -Sn; ulimit -Hn", {
      task: { container: { type: "MESOS", rlimitInfo } },
    })
    await launch(spec)
    await exits.of(spec)
    expect(place.read(spec)).toBe("77\n99\n")
  })

  testWith(rootUser)("runs as another user when the agent is root", async () => {
    const spec = place.spec("id -u; ls -ln stdout | cut -d' ' -f3", {
      user: "nobody",
      environment: { LD_PRELOAD: "/nonexistent.so" },
    })
    await launch(spec)
    await exits.of(spec)
    expect(place.read(spec)).toBe("65534\n65534\n")
  })
})

describe("kill", () => {
  test("sends SIGTERM to every process of the task, which may end as it likes", async () => {
    const spec = place.spec("trap 'echo stopping; exit 3' TERM; echo up; sleep 100 & wait")
    await launch(spec)
    await until(() => place.read(spec) === "up\n")
    await runtime.kill(spec.containerId, { force: false })
    expect(await exits.of(spec)).toEqual({ status: exitedStatus(3) })
    expect(place.read(spec)).toBe("up\nstopping\n")
  })

  test("by force ends a tree that ignores SIGTERM, with those that left its session", async () => {
    const spec = place.spec(
      "trap '' TERM; echo $$; (sleep 1000 & echo $!; wait) & " +
        "setsid sh -c 'echo $$; (setsid sleep 1000 & echo $!); exec sleep 1000' & wait",
    )
    await launch(spec)
    await until(() => place.read(spec).split("\n").length === 5)
    const pids = place.read(spec).trim().split("\n").map(Number)
    await runtime.kill(spec.containerId, { force: false })
    expect(exits.heard).toEqual([])
    await runtime.kill(spec.containerId, { force: true })
    expect(await exits.of(spec)).toEqual({ status: signaledStatus(9) })
    for (const pid of pids) await until(() => ["Z", undefined].includes(readStat(pid)?.state))
  })

  test("ends what a task left behind when its first process ended", async () => {
    const spec = place.spec("sleep 1000 & echo $!; exit 0")
    await launch(spec)
    expect(await exits.of(spec)).toEqual({ status: 0 })
    const pid = Number(place.read(spec))
    await until(() => ["Z", undefined].includes(readStat(pid)?.state))
  })

  test("is harmless for a container that has ended", async () => {
    const spec = place.spec("true")
    await launch(spec)
    await exits.of(spec)
    await runtime.kill(spec.containerId, { force: true })
    expect(exits.heard).toHaveLength(1)
  })
})

describe("recover", () => {
  async function restart(): Promise<void> {
    await runtime.close()
    runtime = open()
  }

  test("finds a running container and hears its exit", async () => {
    const spec = place.spec("while [ ! -e go ]; do sleep 0.01; done; exit 5")
    const pid = await launch(spec)
    await restart()
    expect(await runtime.recover(spec)).toMatchObject({
      kind: "running",
      started: { status: { executorPid: pid } },
    })
    writeFileSync(`${spec.sandbox}/go`, "")
    expect(await exits.of(spec)).toEqual({ status: exitedStatus(5) })
  })

  test("reports the real exit code of a container that ended meanwhile", async () => {
    const spec = place.spec("while [ ! -e go ]; do sleep 0.01; done; exit 6")
    await launch(spec)
    await runtime.close()
    writeFileSync(`${spec.sandbox}/go`, "")
    await until(() => existsSync(`${place.runtimeDir}/ended/${spec.containerId}`))
    runtime = open()
    expect(await runtime.recover(spec)).toEqual({
      kind: "exited",
      exit: { status: exitedStatus(6) },
    })
    expect(exits.heard).toEqual([])
  })

  test("says that the exit is lost when the supervisor was killed, and ends the task", async () => {
    const spec = place.spec("exec sleep 1000")
    const pid = await launch(spec)
    const task = readStat(pid)
    process.kill(supervisorPid(spec), "SIGKILL")
    const lost = { message: expect.stringContaining("exit status of the container is lost") }
    expect(await exits.of(spec)).toEqual(lost)
    await until(() => task === undefined || !isAlive(task))
    await restart()
    expect(await runtime.recover(spec)).toEqual({ kind: "exited", exit: lost })
  })

  test("does not take another process with the supervisor's number for it", async () => {
    const spec = place.spec("exec sleep 1000")
    const pid = await launch(spec)
    await runtime.close()
    const file = `${place.runtimeDir}/containers/${spec.containerId}/supervisor`
    const own = readFileSync(`/proc/${process.pid}/stat`, "latin1")
    writeFileSync(
      file,
      own.replace(/\) (.*)/, (_all, rest: string) => {
        const fields = rest.split(" ")
        fields[19] = "1"
        return `) ${fields.join(" ")}`
      }),
    )
    runtime = open()
    expect(await runtime.recover(spec)).toMatchObject({ kind: "exited", exit: {} })
    await until(() => ["Z", undefined].includes(readStat(pid)?.state))
    expect(isAlive(readStat(process.pid)!)).toBe(true)
  })

  test("makes sure that a launch cut short never starts later", async () => {
    const spec = place.spec("echo ran")
    await launch(spec)
    await exits.of(spec)
    const directory = `${place.runtimeDir}/containers/${spec.containerId}`
    for (const file of ["supervisor", "pid", "status"])
      await Bun.file(`${directory}/${file}`).delete()
    expect(await runtime.recover(spec)).toEqual({ kind: "unknown" })
    expect(readFileSync(`${directory}/supervisor`, "utf8")).toBe("cancelled\n")
  })

  test("reports containers of an earlier boot as ended", async () => {
    const spec = place.spec("exec sleep 1000")
    await launch(spec)
    const file = `${place.runtimeDir}/containers/${spec.containerId}/boot_id`
    const boot = readFileSync(file, "utf8")
    writeFileSync(file, "another\n")
    const exit = { message: "the machine was restarted" }
    expect(await runtime.recover(spec)).toEqual({ kind: "exited", exit })
    writeFileSync(file, boot)
  })

  test("kills and forgets containers that no record names", async () => {
    const kept = place.spec("exec sleep 1000")
    const orphan = place.spec("exec sleep 1000")
    await launch(kept)
    const pid = await launch(orphan)
    await restart()
    expect(await runtime.removeOrphans(new Set([kept.containerId]))).toEqual([orphan.containerId])
    await until(() => ["Z", undefined].includes(readStat(pid)?.state))
    expect(await runtime.recover(orphan)).toEqual({ kind: "unknown" })
    expect((await runtime.recover(kept)).kind).toBe("running")
  })

  test("forgets a container's records, any number of times", async () => {
    const spec = place.spec("true")
    await launch(spec)
    await exits.of(spec)
    await runtime.forget(spec)
    await runtime.forget(spec)
    expect(await runtime.recover(spec)).toEqual({ kind: "unknown" })
  })
})

describe("runIn", () => {
  const run = (spec: ContainerSpec, value: string, timeoutMs = 5000) =>
    runtime.runIn(spec, { command: { value }, timeoutMs })

  test("runs with the environment and in the sandbox of the task", async () => {
    const spec = place.spec("exec sleep 1000", { environment: { PORT: "31000" } })
    expect(await run(spec, "echo $PORT; pwd; exit 4")).toEqual({
      kind: "exited",
      status: exitedStatus(4),
      output: `31000\n${spec.sandbox}\n`,
    })
  })

  test("kills the command with all it started when its time is up", async () => {
    const spec = place.spec("exec sleep 1000")
    expect(await run(spec, "sleep 1000 & echo $! > child; wait", 200)).toEqual({ kind: "timedOut" })
    const pid = Number(place.read(spec, "child"))
    await until(() => ["Z", undefined].includes(readStat(pid)?.state))
  })

  test("keeps only the end of a long output", async () => {
    const spec = place.spec("exec sleep 1000")
    const outcome = await run(spec, "seq 1 100000")
    expect(outcome.kind === "exited" && outcome.output.length).toBe(1024)
    expect(outcome.kind === "exited" && outcome.output.endsWith("100000\n")).toBe(true)
  })
})

test("statistics add up the container's processes", async () => {
  const spec = place.spec("sleep 1000 & exec sleep 1000")
  await launch(spec)
  await until(async () => (await runtime.statistics(spec))?.processes === 2)
  expect((await runtime.statistics(spec))?.memRssBytes).toBeGreaterThan(0)
})

test("processor time of children that have ended still counts", async () => {
  const busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"
  const spec = place.spec(`(${busy}); echo done; sleep 1000`)
  await launch(spec)
  await until(() => place.read(spec) === "done\n")
  expect((await runtime.statistics(spec))?.cpusUserTimeSecs).toBeGreaterThan(0)
})
