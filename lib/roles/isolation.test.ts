import { expect, test } from "bun:test"
import { cgroupProblem } from "#lib/io/index.ts"
import { settingsFrom, SettingError } from "#lib/std/daemon-settings.ts"
import { testWith } from "../../test/fixtures/system-parts.ts"
import { AGENT_SETTINGS } from "./agent-settings.ts"
import { isolationOf } from "./isolation.ts"

const of = (values: Parameters<typeof settingsFrom<typeof AGENT_SETTINGS>>[1]) =>
  isolationOf(settingsFrom(AGENT_SETTINGS, values), "/work/agent")

const missing = cgroupProblem("dcos-test-isolation")

test("without the flag, limits are kept as well as this machine can", () => {
  const { names, processes, disk } = of({})
  expect(processes.cgroups === undefined).toBe(missing !== undefined)
  expect(names).toBe(`${missing ? "posix/cpu,posix/mem" : "cgroups/cpu,cgroups/mem"},disk/du`)
  expect([processes.measureMemory, disk]).toEqual([true, true])
})

test("what is only to be measured is not given to the kernel, and a disk only where it is named", () => {
  const { processes, disk } = of({ isolation: "posix/cpu, posix/mem", enforceContainerMemory: "0" })
  expect(processes).toEqual({ cgroups: undefined, measureMemory: false })
  expect(disk).toBe(false)
  expect(of({ isolation: "process,disk/du" }).disk).toBe(true)
  expect(of({ isolation: "posix/disk", enforceContainerDiskQuota: "false" }).disk).toBe(false)
})

testWith({ name: "cgroups", missing })("isolators say what the kernel keeps", () => {
  const kept = (isolation: string) => {
    const { cpu, memory } = of({ isolation }).processes.cgroups ?? {}
    return { cpu, memory }
  }
  expect(kept("cgroups/cpu")).toEqual({ cpu: true, memory: false })
  expect(kept("cgroups/mem,docker/runtime")).toEqual({ cpu: false, memory: true })
  expect(kept("cgroups")).toEqual({ cpu: true, memory: true })
})

test("an isolator that nobody knows is refused by its name", () => {
  expect(() => of({ isolation: "posix/cpu,org_example_Isolator" })).toThrow(SettingError)
  expect(() => of({ isolation: "x" })).toThrow("Unknown or unsupported isolator: x")
})
