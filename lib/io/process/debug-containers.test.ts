import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { readlinkSync, writeFileSync } from "node:fs"
import { Exits, TestPlace, until } from "#lib/io/testing/containers.ts"
import { bytes, collect } from "#lib/io/testing/streams.ts"
import { exitedStatus, signaledStatus } from "#lib/io/host/wait-status.ts"
import type { CommandInfo } from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec, ContainerStreams } from "#lib/ports/index.ts"
import { isAlive, readStat } from "#lib/io/host/proc.ts"
import { makeNetworkNamespace, removeNamespace } from "#lib/io/host/namespace.ts"
import { ProcessRuntime } from "./process-runtime.ts"
import type { ProcessRuntimeOptions } from "./process-runtime.ts"

const never = new AbortController().signal

let place: TestPlace
let exits: Exits
let runtime: ProcessRuntime
const launched: ContainerSpec[] = []

const open = (networks?: ProcessRuntimeOptions["networks"]): ProcessRuntime => {
  const { runtimeDir } = place
  const opened = new ProcessRuntime({ runtimeDir, address: "10.1.2.3", networks })
  opened.onExit(exits.listen)
  return opened
}

beforeEach(() => {
  place = new TestPlace()
  exits = new Exits()
  runtime = open()
})

afterEach(async () => {
  for (const spec of launched.splice(0)) {
    await runtime.kill(spec.containerId, { force: true })
    await runtime.forget(spec)
  }
  await runtime.close()
  place[Symbol.dispose]()
})

/** A debug container beside nothing: its sandbox is a parent's. */
function debugSpec(command: string | CommandInfo, tty = false): ContainerSpec {
  const spec = place.spec(command, { environment: { COLOR: "teal" } })
  const container = tty
    ? { container: { type: "MESOS" as const, ttyInfo: { windowSize: { rows: 33, columns: 111 } } } }
    : {}
  return {
    ...spec,
    containerId: `${spec.containerId}.debug` as ContainerId,
    debug: true,
    task: { ...spec.task, ...container },
  }
}

async function start(spec: ContainerSpec): Promise<ContainerStreams> {
  launched.push(spec)
  const started = await runtime.launch(spec, never)
  if (!started.ok) throw new Error(started.error.message)
  const streams = await runtime.attach(spec)
  if (!streams.ok) throw new Error(streams.error)
  return streams.value
}

describe("a debug container", () => {
  test("works in the sandbox, with the environment given, and its streams apart", async () => {
    const spec = debugSpec("pwd; echo $COLOR; echo bad >&2; exit 7")
    const { seen, done } = collect(await start(spec))
    await done
    expect(seen).toEqual({ stdout: `${spec.sandbox}\nteal\n`, stderr: "bad\n" })
    expect(await exits.of(spec)).toEqual({ status: exitedStatus(7) })
  })

  test.each<readonly string[]>([["bash"], ["a shell of mine"]])(
    "gives bash, called %s, no start-up files of its user to read",
    async (name) => {
      const spec = debugSpec({ shell: false, value: "bash", arguments: [name, "-c", "echo done"] })
      writeFileSync(`${spec.sandbox}/.bashrc`, "echo from .bashrc")
      const environment = { ...spec.environment, HOME: spec.sandbox }
      const { seen, done } = collect(await start({ ...spec, environment }))
      await done
      expect(seen).toEqual({ stdout: "done\n", stderr: "" })
    },
  )

  const isRoot = process.getuid?.() === 0
  test.skipIf(!isRoot)("is in the network of the group whose executor it looks into", async () => {
    const network = `${place.root}/ns`
    await makeNetworkNamespace(network)
    const networkInfos = [{ name: "net", ipAddresses: [{ ipAddress: "10.1.0.2" }] }]
    const found = { namespace: network, hostname: "pod", files: [], networkInfos }
    await runtime.close()
    runtime = open({
      find: (owner) => Promise.resolve(owner.includes(".") ? undefined : found),
    })
    try {
      const spec = debugSpec("readlink /proc/self/ns/net")
      const { seen, done } = collect(await start(spec))
      await done
      expect(seen.stdout).toMatch(/^net:/)
      expect(seen.stdout.trim()).not.toBe(readlinkSync("/proc/self/ns/net"))
    } finally {
      await removeNamespace(network)
    }
  })

  test("takes its arguments as they are", async () => {
    const spec = debugSpec({
      shell: false,
      value: "printf",
      arguments: ["printf", "[%s]", "a b", "$X"],
    })
    const { seen, done } = collect(await start(spec))
    await done
    expect(seen.stdout).toBe("[a b][$X]")
  })

  test("reads what is written to it, byte for byte, up to its end", async () => {
    const spec = debugSpec("cat | cksum")
    const streams = await start(spec)
    const { seen, done } = collect(streams)
    const content = new Uint8Array(3_000_000).map((_, index) => (index * 31) & 0xff)
    for (let at = 0; at < content.length; at += 65_536)
      await streams.write(content.subarray(at, at + 65_536))
    await streams.closeInput()
    await done
    const cksum = Bun.spawn(["cksum"], { stdin: content, stdout: "pipe" })
    expect(seen.stdout).toBe(await new Response(cksum.stdout).text())
  })

  test("waits for who reads slowly instead of filling memory", async () => {
    const spec = debugSpec("head -c 200000000 /dev/zero; echo done >> written")
    const streams = await start(spec)
    const output = streams.output[Symbol.asyncIterator]()
    await output.next()
    await Bun.sleep(300)
    expect(place.read(spec, "written")).toBe("")
    expect(exits.heard).toEqual([])
    streams.detach()
  })

  test("ends with everything that it started", async () => {
    const spec = debugSpec("sleep 1000 & setsid sleep 1001 & echo $!; exit 3")
    const { seen, done } = collect(await start(spec))
    expect(await exits.of(spec)).toEqual({ status: exitedStatus(3) })
    await done
    const pid = Number(seen.stdout)
    await until(() => readStat(pid) === undefined || !isAlive(readStat(pid)!))
  })

  test("dies of a kill, and hears other signals", async () => {
    const spec = debugSpec(
      "trap 'echo got it; exit 4' USR1; echo ready; while :; do sleep 0.05; done",
    )
    const { seen, done } = collect(await start(spec))
    await until(() => seen.stdout === "ready\n")
    await runtime.kill(spec.containerId, { force: false, signal: 10 })
    await done
    expect(seen.stdout).toBe("ready\ngot it\n")
    expect(await exits.of(spec)).toEqual({ status: exitedStatus(4) })
    const other = debugSpec("exec sleep 1000")
    await start(other)
    await runtime.kill(other.containerId, { force: true })
    expect(await exits.of(other)).toEqual({ status: signaledStatus(9) })
  })

  test("is ended by the next life of the agent", async () => {
    const spec = debugSpec("exec sleep 1000")
    launched.push(spec)
    const started = await runtime.launch(spec, never)
    const pid = started.ok ? (started.value.status.executorPid ?? 0) : 0
    const next = open()
    expect(await next.removeOrphans(new Set())).toEqual([spec.containerId])
    await until(() => readStat(pid) === undefined || !isAlive(readStat(pid)!))
    await next.close()
  })

  test("cannot be attached to when it is gone", async () => {
    const spec = debugSpec("true")
    await start(spec)
    await exits.of(spec)
    await runtime.forget(spec)
    expect((await runtime.attach(spec)).ok).toBe(false)
  })
})

describe("a debug container with a terminal", () => {
  test("is in a terminal of the size given, which follows", async () => {
    const spec = debugSpec(
      "tty; stty size; trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done",
      true,
    )
    const streams = await start(spec)
    const { seen } = collect(streams)
    await until(() => seen.stdout.includes("ready"))
    expect(seen.stdout).toMatch(/^\/dev\/pts\/\d+\r\n33 111\r\nready\r\n$/)
    streams.resize({ rows: 40, columns: 90 })
    await until(() => seen.stdout.endsWith("40 90\r\n"))
  })

  test("echoes, edits and interrupts", async () => {
    const spec = debugSpec("cat; echo code $?; exit 9", true)
    const streams = await start(spec)
    const { seen, done } = collect(streams)
    await streams.write(bytes("hallo\n"))
    await until(() => seen.stdout === "hallo\r\nhallo\r\n")
    await streams.write(bytes("\x04"))
    await done
    expect(seen.stdout).toEndWith("code 0\r\n")
    expect(await exits.of(spec)).toEqual({ status: exitedStatus(9) })
    const other = debugSpec("echo ready; exec sleep 1000", true)
    const otherStreams = await start(other)
    const second = collect(otherStreams)
    await until(() => second.seen.stdout === "ready\r\n")
    await otherStreams.write(bytes("\x03"))
    expect(await exits.of(other)).toEqual({ status: signaledStatus(2) })
  })

  test("waits for who reads slowly", async () => {
    const spec = debugSpec("head -c 20000000 /dev/zero; echo done >> written", true)
    const streams = await start(spec)
    const output = streams.output[Symbol.asyncIterator]()
    await output.next()
    await Bun.sleep(300)
    expect(place.read(spec, "written")).toBe("")
    streams.detach()
  })
})
