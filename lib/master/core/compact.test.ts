import { expect, test } from "bun:test"
import type { Resources, Task } from "#lib/mesos/index.ts"
import { SharedParts, type KeptTask } from "./compact.ts"

const copyOf = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

const task = (n: number, different: Partial<KeptTask> = {}) => ({
  name: "web",
  taskId: `web.${n}` as Task["taskId"],
  frameworkId: "F" as Task["frameworkId"],
  agentId: "S1" as Task["agentId"],
  state: "TASK_RUNNING" as const,
  role: "web",
  resources: [
    { name: "cpus", value: { kind: "scalar", milli: 100 }, reservations: [] },
    {
      name: "ports",
      value: { kind: "ranges", ranges: [{ begin: n, end: n }] },
      reservations: [],
    },
  ] as Resources,
  labels: { labels: [{ key: "a", value: "b" }] },
  discovery: { visibility: "CLUSTER" as const, ports: { ports: [{ number: n, name: "http" }] } },
  ...different,
})

const keep = (shared: SharedParts, { role, resources, ...rest }: KeptTask): KeptTask =>
  shared.task(rest, { role, resources, agent: { networkInfos: undefined } })

test("instances of a service share what is equal, and keep what is not", () => {
  const shared = new SharedParts()
  const first = keep(shared, copyOf(task(1)))
  const second = keep(shared, copyOf(task(2)))
  expect(second).toEqual({ ...task(2), statuses: [] })
  expect(second.labels).toBe(first.labels)
  expect(second.resources[0]).toBe(first.resources[0])
  expect(second.resources[1]).not.toEqual(first.resources[1]!)
})

test("two versions of a service share with the instances of their own, in whatever order they come", () => {
  const shared = new SharedParts()
  const version = (name: string) => ({ labels: { labels: [{ key: "version", value: name }] } })
  const [old, fresh, oldAgain] = ["1", "2", "1"].map((name, n) =>
    keep(shared, copyOf(task(n, version(name)))),
  )
  expect(fresh?.labels).toEqual(version("2").labels)
  expect(oldAgain?.labels).toBe(old?.labels)
})

test("what roles have of the same ports shares the ports", () => {
  const shared = new SharedParts()
  const inRole = (role: string) => {
    const resources = task(7).resources.map((each) => ({ ...each, allocationRole: role }))
    return keep(shared, copyOf({ ...task(7, { name: role, resources }), role }))
  }
  const [a, b] = [inRole("a"), inRole("b")]
  expect(b.resources[1]).toEqual({ ...a.resources[1]!, allocationRole: "b" })
  expect(b.resources[1]?.value).toBe(a.resources[1]!.value)
})

test("of a volume, nothing that tells it from others is lost", () => {
  const shared = new SharedParts()
  const volume = (id: string): Resources => [
    {
      name: "disk",
      value: { kind: "scalar", milli: 1000 },
      reservations: [{ type: "DYNAMIC", role: "web" }],
      disk: { persistence: { id }, volume: { containerPath: "data", mode: "RW" } },
    },
  ]
  for (const id of ["a", "b", "a"])
    expect(keep(shared, task(1, { resources: volume(id) })).resources).toEqual(
      volume(id) as Resources[number][],
    )
})

test("machines of one kind share what they have", () => {
  const shared = new SharedParts()
  const info = (hostname: string) => ({ hostname, resources: task(1).resources })
  const [a, b] = ["a", "b"].map((name) => shared.agentInfo(copyOf(info(name))))
  expect(b).toMatchObject(info("b"))
  expect(b?.resources).toBe(a!.resources)
})
