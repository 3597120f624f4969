/** Section 5.6 of the reference: the older endpoints that change something, in both spellings. */
import { describe, expect, test } from "bun:test"
import type { MasterToAgent } from "#lib/mesos/index.ts"
import { dig, type Json } from "./master-harness.ts"
import { AGENT_CAPABILITIES, JSON_TYPE, Scene, scalar } from "./mesos-scene.ts"

const machines = [{ hostname: "a1", ip: "10.0.2.1" }]
const NOW_NS = 1_700_000_000_000_000_000
const schedule = {
  windows: [
    {
      machine_ids: machines,
      unavailability: {
        start: { nanoseconds: NOW_NS + 3_600_000_000_000 },
        duration: { nanoseconds: 60_000_000_000 },
      },
    },
  ],
}
const dynamic = (name: string, value: number) => ({
  ...scalar(name, value),
  reservations: [{ type: "DYNAMIC", role: "db" }],
})
const disk = dynamic("disk", 10)
const volume = {
  ...disk,
  disk: { persistence: { id: "v" }, volume: { container_path: "data", mode: "RW" } },
}

/** A master with an agent, asked through its older endpoints under one of their two prefixes. */
async function open(prefix: string) {
  const scene = await Scene.open(JSON_TYPE)
  const agent = await scene.master.agent({ capabilities: AGENT_CAPABILITIES })
  const send = async (method: string, path: string, body: string) => {
    // Nobody looks at what the body says that it is.
    const response = await scene.master.api.request(prefix + path, { method, body })
    return { status: response.status, text: await response.text() }
  }
  const statusOf = async (method: string, path: string, body: string): Promise<number> =>
    (await send(method, path, body)).status
  const form = (path: string, fields: Readonly<Record<string, string>>) =>
    send("POST", path, new URLSearchParams(fields).toString())
  const onAgent = async (path: string, fields: Readonly<Record<string, unknown>>) => {
    const texts = Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)])
    return await form(path, { slaveId: agent.id, ...(Object.fromEntries(texts) as object) })
  }
  const read = async (path: string): Promise<unknown> => await scene.master.get(prefix + path)
  const applied = (): string[] =>
    agent.received
      .filter(
        (each): each is MasterToAgent & { kind: "applyOperation" } =>
          each.kind === "applyOperation",
      )
      .map(({ operation }) => operation.kind)
  return { scene, agent, send, statusOf, form, onAgent, read, applied }
}

describe.each(["", "/master"])("below %p", (prefix) => {
  test("reserve, create, destroy and unreserve are sent to the agent, in order", async () => {
    const { onAgent, applied, read } = await open(prefix)
    for (const [path, fields] of [
      ["/reserve", { resources: [disk] }],
      ["/create-volumes", { volumes: [volume] }],
      ["/destroy-volumes", { volumes: [volume] }],
      ["/unreserve", { resources: [disk] }],
    ] as const)
      expect([path, await onAgent(path, fields)]).toEqual([path, { status: 202, text: "" }])
    expect(applied()).toEqual(["reserve", "create", "destroy", "unreserve"])
    expect(dig(await read("/slaves"), "slaves", 0, "reserved_resources")).toEqual({})
  })

  test("reserve takes over what another role has, when that is its source", async () => {
    const { onAgent, read } = await open(prefix)
    const other = { ...disk, reservations: [{ type: "DYNAMIC", role: "web" }] }
    expect((await onAgent("/reserve", { resources: [disk] })).status).toBe(202)
    expect((await onAgent("/reserve", { source: [disk], resources: [other] })).status).toBe(202)
    const reserved = dig(await read("/slaves"), "slaves", 0, "reserved_resources") as Json
    expect(Object.keys(reserved)).toEqual(["web"])
  })

  test.each([
    ["/reserve", { resources: [dynamic("disk", 1000)] }],
    ["/unreserve", { resources: [disk] }],
    ["/create-volumes", { volumes: [volume] }],
  ])("%s of what is not there is 409", async (path, fields) => {
    const { onAgent } = await open(prefix)
    const refused = await onAgent(path, fields)
    expect(refused.status).toBe(409)
    expect(refused.text).toContain("is not contained in")
  })

  test.each([
    ["/reserve", { resources: [scalar("disk", 1)] }, "'reserve.resources[0].reservations'"],
    ["/reserve", { resources: [] }, "'reserve.resources'"],
    ["/reserve", { resources: {} }, "not an array"],
    ["/unreserve", { resources: [scalar("disk", 1)] }, "'unreserve.resources[0].reservations'"],
    ["/create-volumes", { volumes: [disk] }, "'create.volumes[0].disk.persistence'"],
    ["/destroy-volumes", { volumes: [volume] }, "'destroy.volumes[0]'"],
    ["/destroy-volumes", {}, "Missing 'volumes'"],
  ])("%s with %j is 400 and says why", async (path, fields, why) => {
    const { onAgent } = await open(prefix)
    const refused = await onAgent(path, fields)
    expect(refused.status).toBe(400)
    expect(refused.text).toContain(why)
  })

  test.each(["/reserve", "/unreserve", "/create-volumes", "/destroy-volumes"])(
    "%s without an agent, or on one that is not there, is 400",
    async (path) => {
      const { form } = await open(prefix)
      const member = path.endsWith("volumes") ? "volumes" : "resources"
      const list = JSON.stringify(member === "volumes" ? [volume] : [disk])
      expect(await form(path, { [member]: list })).toEqual({
        status: 400,
        text: "Missing 'slaveId' query parameter in the request body",
      })
      expect(await form(path, { slaveId: "none", [member]: list })).toEqual({
        status: 400,
        text: "No agent found with specified ID 'none'",
      })
    },
  )

  test("quota is set once, shown, and removed", async () => {
    const { send, statusOf, read } = await open(prefix)
    const set = (role: string, cpus: number, force = false) =>
      statusOf("POST", "/quota", JSON.stringify({ role, force, guarantee: [scalar("cpus", cpus)] }))
    expect(await set("db", 1000)).toBe(409)
    expect(await set("a/b", 1)).toBe(400)
    expect(await statusOf("POST", "/quota", '{"role":"db","guarantee":[]}')).toBe(400)
    expect(await statusOf("POST", "/quota", "{")).toBe(400)
    expect(await set("db", 1)).toBe(200)
    expect(await set("db", 1)).toBe(400)
    expect(await set("big", 1000, true)).toBe(200)
    expect(await read("/quota")).toMatchObject({
      infos: [
        { role: "db", guarantee: [scalar("cpus", 1)] },
        { role: "big", guarantee: [scalar("cpus", 1000)] },
      ],
      configs: [
        { role: "db", guarantees: { cpus: { value: 1 } }, limits: { cpus: { value: 1 } } },
        { role: "big", guarantees: { cpus: { value: 1000 } }, limits: { cpus: { value: 1000 } } },
      ],
    })
    expect(await send("DELETE", "/quota/db", "")).toEqual({ status: 200, text: "" })
    expect(await statusOf("DELETE", "/quota/db", "")).toBe(400)
    expect(await statusOf("DELETE", "/quota/%E0%A4%A", "")).toBe(400)
    expect(dig(await read("/quota"), "configs")).toHaveLength(1)
  })

  test("weights are set and shown", async () => {
    const { statusOf, read } = await open(prefix)
    const put = (weights: unknown) => statusOf("PUT", "/weights", JSON.stringify(weights))
    expect(await put([{ role: "db", weight: 0 }])).toBe(400)
    expect(await put([{ role: "a b", weight: 1 }])).toBe(400)
    expect(await put({ role: "db", weight: 2 })).toBe(400)
    expect(await put([{ role: "db", weight: 2.5 }])).toBe(200)
    expect(await read("/weights")).toEqual([{ role: "db", weight: 2.5 }])
    expect(await statusOf("POST", "/weights", "[]")).toBe(405)
  })

  test("a machine is scheduled, taken down, brought up, and its schedule is empty again", async () => {
    const { statusOf, read } = await open(prefix)
    const list = JSON.stringify(machines)
    expect(await read("/maintenance/schedule")).toEqual({})
    expect(await statusOf("POST", "/machine/down", list)).toBe(400)
    expect(await statusOf("POST", "/maintenance/schedule", JSON.stringify(schedule))).toBe(200)
    expect(await read("/maintenance/schedule")).toEqual(schedule)
    expect(await read("/maintenance/status")).toEqual({ draining_machines: [{ id: machines[0] }] })
    expect(await statusOf("POST", "/machine/up", list)).toBe(400)
    expect(await statusOf("POST", "/machine/down", list)).toBe(200)
    expect(await read("/maintenance/status")).toEqual({ down_machines: machines })
    // What is down must stay in the schedule.
    expect(await statusOf("POST", "/maintenance/schedule", "{}")).toBe(400)
    expect(await statusOf("POST", "/machine/up", list)).toBe(200)
    expect(await read("/maintenance/status")).toEqual({})
    expect(await read("/maintenance/schedule")).toEqual({})
  })

  const at = (change: object) => ({ windows: [{ ...schedule.windows[0], ...change }] })
  test.each<[string, object, string]>([
    ["no machine", at({ machine_ids: [] }), "machine"],
    ["a machine without a name", at({ machine_ids: [{}] }), "hostname"],
    ["a machine twice", { windows: [schedule.windows[0], schedule.windows[0]] }, "a1"],
    [
      "a machine twice, in capitals",
      at({ machine_ids: [...machines, { ...machines[0], hostname: "A1" }] }),
      "a1",
    ],
    ["no time", { windows: [{ machine_ids: machines }] }, "unavailability"],
    [
      "a time that ends before it begins",
      at({ unavailability: { start: { nanoseconds: NOW_NS }, duration: { nanoseconds: -1 } } }),
      "duration",
    ],
  ])("a schedule with %s is 400 and says why", async (_, wrong, why) => {
    const { send } = await open(prefix)
    const refused = await send("POST", "/maintenance/schedule", JSON.stringify(wrong))
    expect(refused.status).toBe(400)
    expect(refused.text.toLowerCase()).toContain(why)
  })

  test("a framework is torn down", async () => {
    const { scene, form, statusOf } = await open(prefix)
    expect(await form("/teardown", { frameworkId: scene.id })).toEqual({ status: 200, text: "" })
    expect(await statusOf("POST", "/teardown", "frameworkId=none")).toBe(400)
    expect(await statusOf("POST", "/teardown", "")).toBe(400)
  })
})
