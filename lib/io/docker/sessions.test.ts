import { afterEach, beforeAll, beforeEach, expect, test } from "bun:test"
import type { CommandInfo } from "#lib/mesos/index.ts"
import { Exits, TestPlace, until } from "#lib/io/testing/containers.ts"
import { bytes, collect } from "#lib/io/testing/streams.ts"
import { isAlive, readStat } from "#lib/io/host/proc.ts"
import { exitedStatus, signaledStatus } from "#lib/io/host/wait-status.ts"
import type { ContainerId, ContainerSpec, ContainerStreams } from "#lib/ports/index.ts"
import { busyboxImage, loadBusyboxImage } from "../../../test/fixtures/busybox-image.ts"
import { describeWith, docker, dockerSocket } from "../../../test/fixtures/system-parts.ts"
import { DockerRuntime } from "./docker-runtime.ts"

const never = new AbortController().signal
const ttyInfo = { windowSize: { rows: 33, columns: 111 } }

let place: TestPlace
let exits: Exits
let runtime: DockerRuntime
let parent: ContainerSpec
const launched: ContainerSpec[] = []

const open = (): DockerRuntime => {
  const { runtimeDir, root: owner } = place
  const options = { socketPath: dockerSocket, runtimeDir, owner, address: "10.1.2.3" }
  const opened = new DockerRuntime(options)
  opened.onExit(exits.listen)
  return opened
}

async function launch(spec: ContainerSpec): Promise<ContainerSpec> {
  launched.unshift(spec)
  const started = await runtime.launch(spec, never)
  if (!started.ok) throw new Error(started.error.message)
  return spec
}

const container = (command: string, tty = false): ContainerSpec =>
  place.spec(command, {
    runtime: "docker",
    environment: { COLOR: "teal" },
    task: {
      container: {
        type: "DOCKER",
        docker: { image: busyboxImage },
        ...(tty ? { ttyInfo } : {}),
      },
    },
  })

/** A debug container in the container of the test. */
function session(command: string | CommandInfo, tty = false): ContainerSpec {
  const spec = place.spec(command, { runtime: "docker" })
  return {
    ...spec,
    containerId: `${parent.containerId}.${spec.containerId}` as ContainerId,
    parent: parent.containerId,
    sandbox: parent.sandbox,
    debug: true,
    task: { ...spec.task, ...(tty ? { container: { type: "MESOS", ttyInfo } } : {}) },
  }
}

async function attach(spec: ContainerSpec): Promise<ContainerStreams> {
  const streams = await runtime.attach(spec)
  if (!streams.ok) throw new Error(streams.error)
  return streams.value
}

const start = async (spec: ContainerSpec): Promise<ContainerStreams> => attach(await launch(spec))

const isGone = (pid: number): boolean => {
  const stat = readStat(pid)
  return stat === undefined || !isAlive(stat)
}

describeWith(await docker())("in a Docker container", () => {
  beforeAll(async () => void (await loadBusyboxImage()))
  beforeEach(async () => {
    place = new TestPlace()
    exits = new Exits()
    runtime = open()
    parent = await launch(container("exec sleep 1000"))
  })
  afterEach(async () => {
    for (const spec of launched.splice(0)) await runtime.forget(spec)
    await runtime.close()
    place[Symbol.dispose]()
  })

  test("a debug container has its environment and files, its streams apart, its own exit code", async () => {
    const spec = session("echo $COLOR; ls /bin/busybox; echo bad >&2; exit 7")
    const { seen, done } = collect(await start(spec))
    await done
    expect(seen).toEqual({ stdout: "teal\n/bin/busybox\n", stderr: "bad\n" })
    expect(await exits.of(spec)).toEqual({ status: exitedStatus(7) })
  })

  test("one takes its arguments as they are", async () => {
    const command = { shell: false, value: "printf", arguments: ["printf", "[%s]", "a b", "$X"] }
    const { seen, done } = collect(await start(session(command)))
    await done
    expect(seen.stdout).toBe("[a b][$X]")
  })

  test("one reads what is written to it, byte for byte, up to its end", async () => {
    const streams = await start(session("md5sum"))
    const { seen, done } = collect(streams)
    const content = new Uint8Array(1_000_000).map((_, index) => (index * 31) & 0xff)
    for (let at = 0; at < content.length; at += 65_536)
      await streams.write(content.subarray(at, at + 65_536))
    await streams.closeInput()
    await done
    const md5sum = Bun.spawn(["md5sum"], { stdin: content, stdout: "pipe" })
    expect(seen.stdout).toBe(await new Response(md5sum.stdout).text())
  })

  test("one ends with everything that it started", async () => {
    const spec = session("sleep 1000 & setsid sleep 1001 & exit 3")
    await launch(spec)
    expect(await exits.of(spec)).toEqual({ status: exitedStatus(3) })
    const left = session("ps | grep -c '[s]leep 100[01]' | tr -d '\\n'")
    const { seen, done } = collect(await start(left))
    await done
    // The container itself is one.
    expect(seen.stdout).toBe("1")
  })

  test("one dies of a kill, and hears other signals", async () => {
    const spec = session("trap 'echo got it; exit 4' USR1; echo ready; while :; do sleep 0.1; done")
    const { seen, done } = collect(await start(spec))
    await until(() => seen.stdout === "ready\n")
    await runtime.kill(spec.containerId, { force: false, signal: 10 })
    await done
    expect(seen.stdout).toBe("ready\ngot it\n")
    expect(await exits.of(spec)).toEqual({ status: exitedStatus(4) })
    const other = await launch(session("exec sleep 1000"))
    await runtime.kill(other.containerId, { force: true })
    expect(await exits.of(other)).toEqual({ status: signaledStatus(9) })
  })

  test("one is ended by the next life of the agent", async () => {
    const spec = session("exec sleep 1000")
    const started = await runtime.launch(spec, never)
    const pid = started.ok ? (started.value.status.executorPid ?? 0) : 0
    expect(pid).toBeGreaterThan(0)
    const next = open()
    expect(await next.removeOrphans(new Set([parent.containerId]))).toEqual([spec.containerId])
    await until(() => isGone(pid))
    await next.close()
  })

  test("one that cannot be run says why", async () => {
    const spec = session({ shell: false, value: "no-such-program" })
    const { seen, done } = collect(await start(spec))
    await done
    expect(seen.stdout + seen.stderr).toContain("no-such-program")
    expect(await exits.of(spec)).toEqual({ status: exitedStatus(126) })
    const lost = { ...session("true"), parent: "gone" as ContainerId }
    expect(await runtime.launch(lost, never)).toMatchObject({ ok: false })
  })

  test("a terminal has the size given, which follows, echoes and interrupts", async () => {
    const command = "while read line; do stty size; done; echo over; exec sleep 1000"
    const spec = session(command, true)
    const streams = await start(spec)
    const { seen } = collect(streams)
    await until(async () => {
      await streams.write(bytes("x\n"))
      return seen.stdout.includes("33 111\r\n")
    })
    streams.resize({ rows: 40, columns: 90 })
    await until(async () => {
      await streams.write(bytes("x\n"))
      return seen.stdout.includes("40 90\r\n")
    })
    await streams.write(bytes("\x04"))
    await until(() => seen.stdout.endsWith("over\r\n"))
    await streams.write(bytes("\x03"))
    expect(await exits.of(spec)).toEqual({ status: signaledStatus(2) })
  })

  test("the terminal of a task can be attached to", async () => {
    const task = await launch(container("while read line; do echo got $line; done; exit 6", true))
    const streams = await attach(task)
    const { seen, done } = collect(streams)
    await streams.write(bytes("moin\n"))
    await until(() => seen.stdout.includes("got moin\r\n"))
    await streams.write(bytes("\x04"))
    await done
    expect(await exits.of(task)).toMatchObject({ status: exitedStatus(6) })
    expect(place.read(task)).toContain("got moin")
    expect(await runtime.attach(parent)).toEqual({
      ok: false,
      error: "the container has no terminal to attach to",
    })
  })
})
