import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test"
import { existsSync, readdirSync, readlinkSync, writeFileSync } from "node:fs"
import type { ContainerInfo } from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec, ContainerStarted } from "#lib/ports/index.ts"
import { ContainerNetworks } from "#lib/io/cni/index.ts"
import { FakePlugins } from "#lib/io/cni/testing/fake-plugins.ts"
import { Exits, removeCgroups, TestPlace, until } from "#lib/io/testing/containers.ts"
import { RuncRuntime } from "./runc-runtime.ts"

const never = new AbortController().signal
const usable =
  process.getuid?.() === 0 && Bun.which("runc") !== null && Bun.which("conmon") !== null
const CGROUPS = `dcos-test-networks-${process.pid}`

let place: TestPlace
let fake: FakePlugins
let runtime: RuncRuntime
let exits: Exits

function open(): RuncRuntime {
  const opened = new RuncRuntime({
    runtimeDir: place.runtimeDir,
    rootsDir: `${place.root}/roots`,
    address: "10.1.2.3",
    settings: { cgroupsRoot: CGROUPS },
    networks: new ContainerNetworks({
      directory: `${place.root}/networks`,
      configDirectory: fake.configs,
      pluginDirectories: [fake.plugins],
    }),
  })
  exits = new Exits()
  opened.onExit(exits.listen)
  return opened
}

beforeEach(() => {
  place = new TestPlace()
  fake = new FakePlugins()
  fake.plugin("fake", { address: "10.1.0.2" })
  fake.network({ name: "net", type: "fake" })
  runtime = open()
})
afterEach(async () => {
  await runtime.removeOrphans(new Set())
  await runtime.close()
  place[Symbol.dispose]()
  fake[Symbol.dispose]()
})
afterAll(() => removeCgroups(CGROUPS))

const on = (...names: readonly string[]): ContainerInfo => ({
  type: "MESOS",
  networkInfos: names.map((name) => ({ name })),
})
const spec = (command: string, container: ContainerInfo): ContainerSpec =>
  place.spec(command, { runtime: "runc", task: { container } })

async function launch(one: ContainerSpec): Promise<ContainerStarted> {
  const launched = await runtime.launch(one, never)
  if (!launched.ok) throw new Error(launched.error.message)
  return launched.value
}
const restart = async (): Promise<void> => {
  await runtime.close()
  runtime = open()
}
const networkOf = (pid: number | undefined): string => readlinkSync(`/proc/${pid}/ns/net`)
const kept = (): readonly string[] =>
  existsSync(`${place.root}/networks`) ? readdirSync(`${place.root}/networks`) : []
const calls = (): readonly string[] => fake.calls.map((line) => line.slice(0, 3))
const NAMED = [{ name: "net", ipAddresses: [{ protocol: "IPv4", ipAddress: "10.1.0.2" }] }]

describe.skipIf(!usable)("a container in a network", () => {
  test("has a name, an address and a namespace of its own", async () => {
    const show = "hostname; cat /etc/hostname; grep 10.1 /etc/hosts; ls /sys/class/net"
    const one = spec(`${show}; exec sleep 600`, { ...on("net"), hostname: "box" })
    const { status } = await launch(one)
    expect(status.networkInfos).toMatchObject(NAMED)
    expect(networkOf(status.executorPid)).not.toBe(networkOf(process.pid))
    await until(() => place.read(one).endsWith("lo\n"))
    expect(place.read(one)).toBe("box\nbox\n10.1.0.2 box\nlo\n")
    expect(await runtime.network(one)).toBe(`/proc/${status.executorPid}/ns/net`)
    expect((await runtime.statistics(one))?.netRxBytes).toBeUndefined()
  })

  test("has given back its address when its end is heard", async () => {
    const one = spec("exit 3", on("net"))
    let atExit: readonly string[] = ["none"]
    runtime.onExit(() => (atExit = calls()))
    await launch(one)
    await until(() => atExit[0] !== "none")
    expect(atExit).toEqual(["ADD", "DEL"])
    expect(kept()).toEqual([])
  })

  test("keeps it over a restart of the agent, and gives it back after one of the machine", async () => {
    const one = spec("exec sleep 600", on("net"))
    await launch(one)
    await restart()
    expect(await runtime.recover(one)).toMatchObject({
      kind: "running",
      started: { status: { networkInfos: NAMED } },
    })
    await runtime.kill(one.containerId, { force: true })
    await exits.of(one)
    const other = spec("exec sleep 600", on("net"))
    await launch(other)
    await restart()
    writeFileSync(`${place.runtimeDir}/containers/${other.containerId}/boot_id`, "another\n")
    expect(await runtime.recover(other)).toMatchObject({ kind: "exited" })
    expect(calls()).toEqual(["ADD", "DEL", "ADD", "DEL"])
    expect(kept()).toEqual([])
  })

  test("gives it back when its program cannot be started", async () => {
    const one = spec("true", on("net"))
    const command = { shell: false, value: "/no/such/program" }
    const launched = await runtime.launch({ ...one, task: { ...one.task, command } }, never)
    expect(launched).toMatchObject({ ok: false })
    expect(calls()).toEqual(["ADD", "DEL"])
    expect(kept()).toEqual([])
  })

  test("shares it with what is nested in it and with who looks into it", async () => {
    const one = spec("exec sleep 600", on("net"))
    const { status } = await launch(one)
    const own = networkOf(status.executorPid)
    const child: ContainerSpec = {
      ...spec("exec sleep 600", { type: "MESOS" }),
      containerId: `${one.containerId}.a` as ContainerId,
      parent: one.containerId,
    }
    const nested = await launch(child)
    expect(networkOf(nested.status.executorPid)).toBe(own)
    expect(nested.status.networkInfos).toMatchObject(NAMED)
    const alone = { ...child, containerId: `${one.containerId}.b` as ContainerId }
    const other = await launch({ ...alone, task: { ...alone.task, container: on("net") } })
    expect(networkOf(other.status.executorPid)).not.toBe(own)
    const looked = await runtime.runIn(one, {
      command: { value: "readlink /proc/self/ns/net; hostname" },
      timeoutMs: 10_000,
    })
    expect(looked).toMatchObject({ output: `${own}\n${one.containerId}\n` })
    const debug = await launch({
      ...place.spec("readlink /proc/self/ns/net; sleep 600", { runtime: "runc" }),
      containerId: `${one.containerId}.c` as ContainerId,
      parent: one.containerId,
      debug: true,
      sandbox: one.sandbox,
    })
    expect(debug.status.networkInfos).toMatchObject(NAMED)
  })

  test("is refused where a plugin fails, saying what that says", async () => {
    fake.plugin("fake", `ADD) echo '{"msg":"no address left"}'; exit 1;;`)
    expect(await runtime.launch(spec("true", on("net")), never)).toEqual({
      ok: false,
      error: {
        reason: "REASON_CONTAINER_LAUNCH_FAILED",
        message:
          "container network 'net' cannot be joined: plugin 'fake' failed to ADD: no address left",
      },
    })
    expect(kept()).toEqual([])
  })
})
