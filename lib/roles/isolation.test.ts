import { describe, expect, test } from "bun:test"
import { cgroupProblem, controllerProblem } from "#lib/io/index.ts"
import { settingsFrom, SettingError } from "#lib/std/daemon-settings.ts"
import { testWith } from "../../test/fixtures/system-parts.ts"
import { AGENT_SETTINGS } from "./agent-settings.ts"
import { isolationOf, parseNetClsRange } from "./isolation.ts"
import { ISOLATORS } from "./isolators.ts"

const of = (values: Parameters<typeof settingsFrom<typeof AGENT_SETTINGS>>[1]) =>
  isolationOf(settingsFrom(AGENT_SETTINGS, values), "/work/agent")

const missing = cgroupProblem("dcos-test-isolation")

test("without the flag, limits are kept as well as this machine can", () => {
  const { names, processes, disk, launcher } = of({})
  expect(processes.cgroups === undefined).toBe(missing !== undefined)
  expect(names).toBe(`${missing ? "posix/cpu,posix/mem" : "cgroups/cpu,cgroups/mem"},disk/du`)
  expect([processes.measureMemory, disk, launcher]).toEqual([true, true, "posix"])
})

test("what is only to be measured is not given to the kernel, and a disk only where it is named", () => {
  const { processes, disk } = of({ isolation: "posix/cpu, posix/mem", enforceContainerMemory: "0" })
  expect(processes).toEqual({ cgroups: undefined, measureMemory: false })
  expect(disk).toBe(false)
  expect(of({ isolation: "process,disk/du" }).disk).toBe(true)
  expect(of({ isolation: "posix/disk", enforceContainerDiskQuota: "false" }).disk).toBe(false)
})

test("older names are told by those that replaced them", () => {
  expect(of({ isolation: "process,posix/disk" }).names).toBe("posix/cpu,posix/mem,disk/du")
})

testWith({ name: "cgroups", missing })("isolators say what the kernel keeps", () => {
  const kept = (isolation: string) => {
    const { cpu, memory } = of({ isolation }).processes.cgroups ?? {}
    return { cpu, memory }
  }
  expect(kept("cgroups/cpu")).toEqual({ cpu: true, memory: false })
  expect(kept("cgroups/mem,docker/runtime")).toEqual({ cpu: false, memory: true })
  expect(kept("cgroups")).toEqual({ cpu: true, memory: true })
  expect(kept("cgroups/all")).toEqual({ cpu: true, memory: true })
})

describe("what only containers have", () => {
  test("makes every task one", () => {
    expect(of({ isolation: "posix/cpu,volume/secret" })).toMatchObject({
      launcher: "posix",
      contained: [],
    })
    expect(of({ isolation: "filesystem/linux,linux/nnp,posix/mem" })).toMatchObject({
      launcher: "linux",
      contained: ["filesystem/linux", "linux/nnp"],
      noNewPrivileges: true,
    })
    expect(of({ isolation: "namespaces/pid" }).noNewPrivileges).toBe(false)
  })

  test("is refused where tasks are to be processes", () => {
    expect(() => of({ isolation: "namespaces/pid,cgroups/pids", launcher: "posix" })).toThrow(
      "namespaces/pid, cgroups/pids of --isolation needs --launcher=linux",
    )
    expect(of({ isolation: "posix/cpu", launcher: "linux" }).launcher).toBe("linux")
  })
})

describe("a name is refused", () => {
  test.each([
    ["posix/cpu,org_example_Isolator", "Unknown or unsupported isolator: org_example_Isolator"],
    ["disk/du,posix/mem,disk/du", "an isolator is named twice"],
    ["filesystem/posix,filesystem/linux", "Using multiple filesystem isolators simultaneously"],
  ])("in %s", (isolation, text) => {
    expect(() => of({ isolation })).toThrow(SettingError)
    expect(() => of({ isolation })).toThrow(text)
  })

  const refused = Object.entries(ISOLATORS).filter(([, isolator]) => isolator.refused)

  test.each(refused)("as Mesos knows it and this agent does not: %s", (isolation, { refused }) => {
    expect(() => of({ isolation })).toThrow(`Unsupported isolator: ${isolation}: ${refused}`)
  })

  const accounting = Object.entries(ISOLATORS).flatMap(([name, { controller }]) =>
    controller === undefined ? [] : [[name, controller]],
  )

  test.each(accounting)("where its cgroups are missing: %s", (isolation = "", controller = "") => {
    const problem = controllerProblem(controller)
    if (problem === undefined) expect(of({ isolation }).contained).toEqual([isolation])
    else expect(() => of({ isolation })).toThrow(`${isolation} cannot be used: ${problem}`)
  })
})

describe("network/ports", () => {
  const watched = (values: Parameters<typeof of>[0]) =>
    of({ isolation: "posix/cpu,network/ports", ...values }).ports

  test("looks at all ports, those of the node, or some", () => {
    expect(watched({})).toEqual({ intervalMs: 30_000, enforce: false, range: undefined })
    expect(
      watched({
        containerPortsIsolatedRange: "[1-9, 20-30]",
        containerPortsWatchInterval: "1secs",
      }),
    ).toMatchObject({
      intervalMs: 1000,
      range: [
        { begin: 1, end: 9 },
        { begin: 20, end: 30 },
      ],
    })
    const own = { checkAgentPortRangeOnly: "true", enforceContainerPorts: "true" }
    expect(watched(own)).toMatchObject({ enforce: true, range: [{ begin: 31_000, end: 32_000 }] })
    expect(watched({ ...own, resources: "cpus:1;ports(db):[7-8]" })?.range).toEqual([
      { begin: 7, end: 8 },
    ])
    expect(of({}).ports).toBeUndefined()
  })

  test.each([
    [{ isolation: "disk/du", enforceContainerPorts: "true" }, "needs network/ports in --isolation"],
    [{ containerPortsIsolatedRange: "[1-9]", isolation: "disk/du" }, "needs network/ports"],
    [{ containerPortsIsolatedRange: "many" }, "must be ranges of ports"],
    [
      { containerPortsIsolatedRange: "[1-9]", checkAgentPortRangeOnly: "true" },
      "excludes --check-agent-port-range-only",
    ],
  ])("not with %j", (values, text) => {
    expect(() => watched(values)).toThrow(text)
  })
})

test.each([
  [{ cgroupsNetClsPrimaryHandle: "1" }, "needs cgroups/net_cls in --isolation"],
  [{ cgroupsNetClsSecondaryHandles: "1,2" }, "needs cgroups/net_cls in --isolation"],
])("class ids of packets need their isolator: %j", (values, text) => {
  expect(() => of(values)).toThrow(text)
})

test("class ids of packets lie where the operator wants them", () => {
  const refuse = (why: string): never => {
    throw new Error(why)
  }
  const range = (primary?: string, ...halves: string[]) =>
    parseNetClsRange(primary, halves.length === 0 ? undefined : halves, {
      primary: refuse,
      secondary: refuse,
    })
  expect(range()).toBeUndefined()
  expect(range("0x12")).toEqual({ primary: 0x12, first: 1, last: 0xffff })
  expect(range("7", "0x10", "0x20")).toEqual({ primary: 7, first: 0x10, last: 0x20 })
  expect(() => range("65536")).toThrow("a number of 16 bits")
  for (const wrong of [["0", "5"], ["5"], ["5", "4"], ["1", "2", "3"]])
    expect(() => range("7", ...wrong)).toThrow("must be two numbers of 16 bits")
  expect(() => range(undefined, "1", "2")).toThrow("needs --cgroups-net-cls-primary-handle")
})
