import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test"
import { Exits, removeCgroups, TestPlace, until } from "#lib/io/testing/containers.ts"
import { exitedStatus, signaledStatus } from "#lib/io/host/wait-status.ts"
import { isAlive, readStat } from "#lib/io/host/proc.ts"
import type { CommandInfo } from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec, ContainerStreams } from "#lib/ports/index.ts"
import { RuncRuntime } from "./runc-runtime.ts"

const never = new AbortController().signal
const usable =
  process.getuid?.() === 0 && Bun.which("runc") !== null && Bun.which("conmon") !== null

const CGROUPS = `dcos-test-${process.pid}`

let place: TestPlace
let exits: Exits
let runtime: RuncRuntime
let parent: ContainerSpec

const open = (): RuncRuntime => {
  const opened = new RuncRuntime({
    runtimeDir: place.runtimeDir,
    rootsDir: `${place.root}/roots`,
    address: "10.1.2.3",
    settings: { cgroupsRoot: CGROUPS },
  })
  opened.onExit(exits.listen)
  return opened
}

beforeEach(async () => {
  place = new TestPlace()
  exits = new Exits()
  if (!usable) return
  runtime = open()
  parent = place.spec("exec sleep 1000", { runtime: "runc", environment: { COLOR: "teal" } })
  const started = await runtime.launch(parent, never)
  if (!started.ok) throw new Error(started.error.message)
})

afterAll(() => removeCgroups(CGROUPS))

afterEach(async () => {
  if (usable) {
    await runtime.removeOrphans(new Set())
    await runtime.close()
  }
  place[Symbol.dispose]()
})

/** A debug container in the container of the test. */
function session(command: string | CommandInfo, tty = false, user?: string): ContainerSpec {
  const spec = place.spec(command, { runtime: "runc", ...(user === undefined ? {} : { user }) })
  const container = tty
    ? { container: { type: "MESOS" as const, ttyInfo: { windowSize: { rows: 33, columns: 111 } } } }
    : {}
  return {
    ...spec,
    containerId: `${parent.containerId}.${spec.containerId}` as ContainerId,
    parent: parent.containerId,
    sandbox: parent.sandbox,
    debug: true,
    task: { ...spec.task, ...container },
  }
}

async function start(spec: ContainerSpec): Promise<ContainerStreams> {
  const started = await runtime.launch(spec, never)
  if (!started.ok) throw new Error(started.error.message)
  const streams = await runtime.attach(spec)
  if (!streams.ok) throw new Error(streams.error)
  return streams.value
}

/** Collects output as it comes. */
function collect(streams: ContainerStreams) {
  const seen = { stdout: "", stderr: "" }
  const done = (async () => {
    for await (const { stream, data } of streams.output)
      seen[stream] += new TextDecoder().decode(data)
  })()
  return { seen, done }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe.skipIf(!usable)("a debug container of runc", () => {
  test("is in the container, with its environment, and its streams apart", async () => {
    const spec = session("pwd; echo $COLOR; cat /proc/1/comm; echo bad >&2; exit 7")
    const { seen, done } = collect(await start(spec))
    await done
    expect(seen).toEqual({ stdout: `${parent.sandbox}\nteal\nsleep\n`, stderr: "bad\n" })
    expect(await exits.of(spec)).toEqual({ status: exitedStatus(7) })
  })

  test("is limited as the container is", async () => {
    const spec = session("cat /proc/self/cgroup; mount -t tmpfs none /mnt")
    const { seen, done } = collect(await start(spec))
    await done
    // A cgroup namespace shows the container's own group as the top.
    expect(seen.stdout).toContain(":memory:/\n")
    expect(seen.stderr).toMatch(/permitted|denied/)
  })

  test("runs as somebody else, without the rights of root", async () => {
    const spec = session("id -u; grep CapEff /proc/self/status", false, "nobody")
    const { seen, done } = collect(await start(spec))
    await done
    expect(seen.stdout).toBe("65534\nCapEff:\t0000000000000000\n")
  })

  test("reads what is written to it up to its end", async () => {
    const streams = await start(session("tr a-z A-Z"))
    const { seen, done } = collect(streams)
    await streams.write(bytes("hello\n"))
    await streams.closeInput()
    await done
    expect(seen.stdout).toBe("HELLO\n")
  })

  test("has a terminal of the size asked for, which can change", async () => {
    const spec = session(
      'trap "stty size" WINCH; stty size; until [ "$x" = end ]; do read x; done; exit 3',
      true,
    )
    const streams = await start(spec)
    const { seen, done } = collect(streams)
    await until(() => seen.stdout.includes("33 111"))
    streams.resize({ rows: 20, columns: 70 })
    await until(() => seen.stdout.includes("20 70"))
    await streams.write(bytes("end\n"))
    await done
    expect(await exits.of(spec)).toEqual({ status: exitedStatus(3) })
  })

  test("is killed with all it started", async () => {
    const spec = session("setsid sleep 3000 & echo $!; wait")
    const { seen } = collect(await start(spec))
    await until(() => seen.stdout.includes("\n"))
    await runtime.kill(spec.containerId, { force: true })
    expect(await exits.of(spec)).toEqual({ status: signaledStatus(9) })
    const left = await runtime.runIn(parent, {
      command: { value: "ps ax | grep -c '[s]leep 3000'" },
      timeoutMs: 5000,
    })
    expect(left).toMatchObject({ output: "0\n" })
  })

  test.each([false, true])(
    "ends with its first process, whatever that leaves behind (terminal: %p)",
    async (tty) => {
      const spec = session("sleep 3111 & setsid sleep 3111 & echo done; exit 4", tty)
      const { seen, done } = collect(await start(spec))
      await done
      expect(seen.stdout.trim()).toBe("done")
      expect(await exits.of(spec)).toEqual({ status: exitedStatus(4) })
      const command = { value: "ps ax | grep -c '[s]leep 3111'" }
      expect(await runtime.runIn(parent, { command, timeoutMs: 5000 })).toMatchObject({
        output: "0\n",
      })
    },
  )

  test("tells of the signal that ended it", async () => {
    const spec = session("kill -TERM $$")
    await start(spec)
    expect(await exits.of(spec)).toEqual({ status: signaledStatus(15) })
  })

  test("ends with the container, and leaves nothing of its own", async () => {
    const spec = session("echo up; exec sleep 3000")
    const { seen } = collect(await start(spec))
    await until(() => seen.stdout !== "")
    await runtime.kill(parent.containerId, { force: true })
    expect(await exits.of(spec)).toEqual({ status: signaledStatus(9) })
    await runtime.forget(spec)
    expect(await runtime.recover(spec)).toEqual({ kind: "unknown" })
  })

  test("of an earlier life of the agent is ended", async () => {
    const spec = session("trap '' HUP PIPE; while :; do sleep 0.1; done")
    const launched = await runtime.launch(spec, never)
    const init = readStat(launched.ok ? (launched.value.status.executorPid ?? 0) : 0)
    await runtime.close()
    runtime = open()
    await runtime.recover(parent)
    expect(await runtime.removeOrphans(new Set([parent.containerId]))).toEqual([spec.containerId])
    await until(() => init === undefined || !isAlive(init))
    // What its shell had just started when it was killed is killed a moment later.
    const wait = "while ps ax | grep -q '[s]leep 0.1'; do sleep 0.02; done"
    const left = await runtime.runIn(parent, { command: { value: wait }, timeoutMs: 5000 })
    expect(left).toMatchObject({ kind: "exited", status: 0 })
  })
})
