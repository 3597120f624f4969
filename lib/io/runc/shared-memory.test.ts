import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test"
import { existsSync, readFileSync } from "node:fs"
import type { LinuxInfo } from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import { removeCgroups, TestPlace, until } from "#lib/io/testing/containers.ts"
import { RuncRuntime } from "./runc-runtime.ts"
import { hasOwnMemory } from "./shared-memory.ts"

const never = new AbortController().signal
const usable =
  process.getuid?.() === 0 && Bun.which("runc") !== null && Bun.which("conmon") !== null
const CGROUPS = `dcos-test-memory-${process.pid}`

let place: TestPlace
let runtime: RuncRuntime
const open = (): RuncRuntime =>
  new RuncRuntime({
    runtimeDir: place.runtimeDir,
    rootsDir: `${place.root}/roots`,
    address: "10.1.2.3",
    settings: { cgroupsRoot: CGROUPS, disallowSharingAgentIpc: true },
  })

beforeEach(() => {
  place = new TestPlace()
  runtime = open()
})
afterEach(async () => {
  await runtime.removeOrphans(new Set())
  await runtime.close()
  place[Symbol.dispose]()
})
afterAll(() => removeCgroups(CGROUPS))

const GROUP = "3f2c0f5e-0000-4000-8000-000000000001"
const SHOW = "readlink /proc/self/ns/ipc; ls /dev/shm"

/** A container of that name within a group whose executor's container says this about memory. */
const member = (
  name: string,
  command: string,
  linux: { readonly own?: LinuxInfo; readonly group?: LinuxInfo } = {},
): ContainerSpec => ({
  ...place.spec(command, {
    runtime: "runc",
    task: { container: { type: "MESOS", linuxInfo: linux.own } },
  }),
  containerId: `${GROUP}.${name}` as ContainerId,
  groupContainer: { type: "MESOS", linuxInfo: linux.group },
})
const launch = async (spec: ContainerSpec): Promise<void> => {
  const launched = await runtime.launch(spec, never)
  if (!launched.ok) throw new Error(launched.error.message)
}
/** What a container has written, all lines of it. */
async function lines(spec: ContainerSpec, count: number): Promise<readonly string[]> {
  const read = (): readonly string[] => place.read(spec).split("\n").slice(0, -1)
  await until(() => read().length >= count)
  return read()
}

test("only a container of the top level has memory of its own unless it says so", () => {
  const top = { ...member("a", "true"), containerId: GROUP as ContainerId }
  expect(hasOwnMemory(top)).toBe(true)
  expect(hasOwnMemory(member("a", "true"))).toBe(false)
  expect(hasOwnMemory(member("a", "true", { own: { ipcMode: "PRIVATE" } }))).toBe(true)
  expect(hasOwnMemory(member("a", "true", { own: { ipcMode: "SHARE_PARENT" } }))).toBe(false)
})

describe.skipIf(!usable)("the members of a group", () => {
  test("share memory of its size, but for who wants its own, and leave nothing", async () => {
    const group = { ipcMode: "PRIVATE", shmSize: 7 } as const
    const first = member("a", `touch /dev/shm/shared; ${SHOW}; exec sleep 600`, { group })
    await launch(first)
    const [ipc, ...files] = await lines(first, 2)
    expect(files).toEqual(["shared"])
    await runtime.close()
    runtime = open()
    await runtime.recover(first)
    const second = member("b", `${SHOW}; df -m /dev/shm | tail -1; exec sleep 600`, { group })
    await launch(second)
    const [its, file, size] = await lines(second, 3)
    expect([its, file]).toEqual([ipc, "shared"])
    expect(size?.split(/\s+/)[1]).toBe("7")
    const alone = member("c", `${SHOW}; echo; exec sleep 600`, {
      group,
      own: { ipcMode: "PRIVATE" },
    })
    await launch(alone)
    const [own, none] = await lines(alone, 2)
    expect(own).not.toBe(ipc)
    expect(none).toBe("")
    expect(readFileSync("/proc/self/mountinfo", "utf8")).toContain(place.root)
    await runtime.removeOrphans(new Set([alone.containerId]))
    expect(existsSync(`${place.runtimeDir}/groups/${GROUP}`)).toBe(false)
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(place.root)
  })

  test("share it with what is nested in them", async () => {
    const parent = member("a", `touch /dev/shm/shared; ${SHOW}; exec sleep 600`)
    await launch(parent)
    const [ipc] = await lines(parent, 2)
    const { groupContainer: _group, ...child } = member("a.x", `${SHOW}; exec sleep 600`)
    await launch({ ...child, parent: parent.containerId })
    expect(await lines(child, 2)).toEqual([ipc ?? "", "shared"])
  })

  test("cannot share that of the agent where this is forbidden", async () => {
    const one = member("a", "true", { group: { ipcMode: "SHARE_PARENT" } })
    expect(await runtime.launch(one, never)).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining("--disallow_sharing_agent_ipc_namespace") },
    })
  })
})
