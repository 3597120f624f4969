import { afterEach, beforeEach, expect, test } from "bun:test"
import type { ContainerSpec } from "#lib/ports/index.ts"
import { Exits, TestPlace, until } from "#lib/io/testing/containers.ts"
import { ProcessRuntime } from "./process-runtime.ts"

let place: TestPlace
let runtime: ProcessRuntime
let exits: Exits
let specs: ContainerSpec[]
beforeEach(() => {
  place = new TestPlace()
  exits = new Exits()
  specs = []
  const { runtimeDir } = place
  runtime = new ProcessRuntime({ runtimeDir, address: "127.0.0.1", measureMemory: true })
  runtime.onExit(exits.listen)
})
afterEach(async () => {
  await Promise.all(
    specs.map(async (spec) => {
      await runtime.kill(spec.containerId, { force: true })
      await exits.of(spec)
    }),
  )
  await runtime.close()
  place[Symbol.dispose]()
})

const MIB = 1024 * 1024

const mem = (mib: number) => ({
  name: "mem",
  value: { kind: "scalar" as const, milli: mib * 1000 },
  reservations: [],
})

/** A container that has that many MiB, in the buffer of a program that nobody reads from. */
async function taking(
  mib: number,
  task: Partial<ContainerSpec["task"]>,
  /** Its name in a group: "group.member". */
  name?: string,
  more: Partial<ContainerSpec> = {},
): Promise<ContainerSpec> {
  const made = place.spec(`dd if=/dev/zero bs=${mib}M count=2 | sleep 1000`, { task })
  const alone = { ...made, ...more }
  const containerId = name as ContainerSpec["containerId"]
  const spec = name === undefined ? alone : { ...alone, containerId }
  const started = await runtime.launch(spec, new AbortController().signal)
  if (!started.ok) throw new Error(started.error.message)
  specs.push(spec)
  await until(async () => ((await runtime.statistics(spec))?.memRssBytes ?? 0) >= mib * MIB)
  return spec
}

test("tells which containers take more memory than they may, in the words of Mesos", async () => {
  const [greedy] = await Promise.all([
    taking(60, { resources: [mem(40)] }),
    taking(60, { resources: [mem(40)], limits: { mem: { value: Infinity } } }),
    taking(60, { resources: [mem(40)], limits: { mem: { value: 200 } } }),
    // Less than a cgroup can be limited to is not asked for here either.
    taking(8, { resources: [mem(1)] }),
  ])
  const found = [...((await runtime.findExcesses?.()) ?? [])]
  expect(found).toHaveLength(1)
  const [containerId, limitation] = found[0]!
  expect(containerId).toBe(greedy.containerId)
  expect(limitation.reason).toBe("REASON_CONTAINER_LIMITATION_MEMORY")
  expect(limitation.message).toMatch(
    /^Memory limit exceeded: Requested: 40MB Maximum Used: \d+[KM]?B\n\nMEMORY STATISTICS: \nprocesses 3\nrss \d+\npss \d+\n$/,
  )
  const [resource] = limitation.resources
  expect(resource).toMatchObject({ name: "mem" })
  expect(resource?.value.kind === "scalar" ? resource.value.milli : 0).toBeGreaterThanOrEqual(
    60_000,
  )
})

test("adds up what the members of a group may take and do take", async () => {
  const [, , ...greedy] = await Promise.all([
    taking(60, { resources: [mem(40)] }, "modest.a"),
    taking(8, { resources: [mem(60)] }, "modest.b"),
    taking(60, { resources: [mem(40)] }, "greedy.a"),
    taking(8, { resources: [mem(10)] }, "greedy.b"),
  ])
  const found = [...((await runtime.findExcesses?.()) ?? [])]
  expect(new Set(found.map(([containerId]) => containerId))).toEqual(
    new Set(greedy.map(({ containerId }) => containerId)),
  )
  expect(found[0]?.[1].message).toStartWith("Memory limit exceeded: Requested: 50MB ")
})

test("counts what the executor of a group has, and takes no room from who lives on", async () => {
  const shared = [mem(20)]
  const large = { resources: [mem(40)] }
  const begun = place.spec("sleep 1000", { task: large })
  const gone = { ...begun, shared, containerId: "left.b" as ContainerSpec["containerId"] }
  await runtime.launch(gone, new AbortController().signal)
  await runtime.findExcesses?.()
  await taking(70, large, "left.a", { shared })
  const excesses = async () => [...((await runtime.findExcesses?.()) ?? [])]
  expect(await excesses()).toEqual([])
  await runtime.kill(gone.containerId, { force: true })
  await exits.of(gone)
  expect(await excesses()).toEqual([])
  await taking(60, large, "left.c", { shared })
  const [found] = await excesses()
  expect(found?.[1].message).toStartWith("Memory limit exceeded: Requested: 100MB ")
})

test("counts memory that processes share once", async () => {
  // Each of the subshells has all of its parent's variable, without a copy of it.
  const fill =
    "v=$(head -c 16777216 /dev/zero | tr '\\0' x); for i in 1 2 3; do (sleep 1000; echo $v) & done; echo full; wait"
  const spec = place.spec(fill, { task: { resources: [mem(40)] } })
  await runtime.launch(spec, new AbortController().signal)
  specs.push(spec)
  await until(() => place.read(spec) === "full\n")
  expect([...((await runtime.findExcesses?.()) ?? [])]).toEqual([])
})
