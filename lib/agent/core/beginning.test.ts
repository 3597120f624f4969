import { describe, expect, test } from "bun:test"
import { parseResources, type Resources } from "#lib/mesos/index.ts"
import { TestWorld, testOptions, testTask } from "./test-world.ts"

function parse(text: string): Resources {
  const parsed = parseResources(text)
  if (!parsed.ok) throw new Error(text)
  return parsed.value
}

const info = { hostname: "a1", port: 5051, resources: parse("cpus:4;mem:1024;disk:1000") }
const smaller = { ...info, resources: parse("cpus:2;mem:1024;disk:1000") }
const world = (): TestWorld => new TestWorld(testOptions({ info, bootId: "boot-1" })).register()

const warnings = (w: TestWorld): string[] =>
  w.all("log").flatMap(({ level, message }) => (level === "warn" ? [message] : []))

describe("an entry that cannot be read", () => {
  test.each([
    ["/agent/task/x", { schema: 2 }, "version 2"],
    ["/agent/task/x", null, "version undefined"],
    ["/agent/unknown/x", { schema: 1 }, "/agent/unknown/x"],
  ])("keeps the agent from starting, and is named: %s %j", (key, value, text) => {
    const w = world()
    w.store.set(key, value)
    expect(() => w.crash()).toThrow(text)
    expect(() => w.crash()).toThrow("an agent without --strict leaves behind what it cannot read")
  })

  test("is left behind without --strict, with what depends on it and nothing else", () => {
    const w = world()
    const lost = w.runToRunning(testTask("lost"))
    const kept = w.runToRunning(testTask("kept"))
    w.store.set(`/agent/executor/${lost.containerId}`, { schema: 7 })
    w.crash(0, { strict: false })
    w.give({ kind: "start" })
    expect(w.all("recover").map(({ spec }) => spec.containerId)).toEqual([kept.containerId])
    expect(w.last("removeOrphans").known).toEqual([kept.containerId])
    expect(warnings(w)).toEqual([
      `the store holds /agent/executor/${lost.containerId} in version 7; this agent reads version 1`,
    ])
    expect([...w.store.keys()].filter((key) => key.includes(lost.containerId))).toEqual([])
    w.crash(0, { strict: true })
    expect([...w.agent.workload.tasks()]).toHaveLength(1)
  })
})

describe("an agent whose resources became less", () => {
  test("ends and says so while the machine runs on", () => {
    const w = world()
    w.runToRunning(testTask("web"))
    w.crash(0, { info: smaller })
    w.give({ kind: "start" })
    expect(w.all("exit")).toMatchObject([{ done: false }])
    expect(w.last("exit").message).toContain("cpus:4")
    expect(w.all("recover")).toEqual([])
  })

  test("becomes a new agent when the machine was restarted: nothing runs any more", () => {
    const w = world()
    w.runToRunning(testTask("web"))
    w.effects = []
    w.crash(0, { info: smaller, bootId: "boot-2" })
    expect(w.agent.agentId).toBeUndefined()
    w.give({ kind: "start" })
    expect(w.all("exit")).toEqual([])
    expect(w.all("recover")).toEqual([])
    expect(warnings(w)).toHaveLength(1)
    expect(warnings(w)[0]).toContain("It becomes a new agent")
    expect([...w.store.keys()]).toEqual([])
  })

  test("keeps reservations and volumes, which are the machine's", () => {
    const w = world()
    const volume = {
      ...parse("disk(db):10")[0]!,
      reservations: [{ type: "DYNAMIC", role: "db" }] as const,
    }
    w.receive({
      kind: "applyOperation",
      uuid: "op-1",
      operation: { kind: "reserve", resources: [volume] },
    })
    w.crash(0, { info: smaller, bootId: "boot-2" })
    w.give({ kind: "start" })
    expect([...w.store.keys()]).toEqual(["/agent/resources"])
    expect(w.agent.resources.total.some(({ reservations }) => reservations.length > 0)).toBe(true)
  })

  test("is the same agent after a restart of the machine that changed nothing", () => {
    const w = world()
    const { containerId } = w.runToRunning(testTask("web"))
    w.crash(0, { bootId: "boot-2" })
    w.give({ kind: "start" })
    expect(w.all("recover").map(({ spec }) => spec.containerId)).toEqual([containerId])
    expect(w.agent.agentId).toBeDefined()
  })
})

describe("--recover=cleanup", () => {
  test("ends the tasks of the last life, then the process, which is no failure", () => {
    const w = world()
    const spec = w.runToRunning(testTask("web"))
    w.effects = []
    w.crash(0, { recover: "cleanup", info: smaller })
    w.give({ kind: "start" })
    w.give({ kind: "linkOpened" })
    expect(w.all("recover")).toHaveLength(1)
    expect(w.all("kill")).toMatchObject([{ containerId: spec.containerId, force: false }])
    w.started(spec)
    expect(w.all("exit")).toEqual([])
    w.exited(spec, 15)
    expect(w.all("exit")).toMatchObject([{ done: true }])
    expect(w.all("send")).toEqual([])
  })

  test("insists when a task does not end by itself", () => {
    const w = world()
    const spec = w.runToRunning(testTask("web"))
    w.crash(0, { recover: "cleanup" })
    w.give({ kind: "start" })
    w.started(spec)
    w.advance(60_000)
    expect(w.all("kill").map(({ force }) => force)).toContain(true)
  })

  test("with nothing to end, ends at once", () => {
    const w = new TestWorld(testOptions({ recover: "cleanup" }))
    w.give({ kind: "start" })
    expect(w.all("exit")).toMatchObject([{ done: true }])
  })

  test("makes the next life a new agent, which forgets the tasks but not their sandboxes", () => {
    const w = world()
    const spec = w.runToRunning(testTask("web"))
    w.crash(0, { recover: "cleanup" })
    w.give({ kind: "start" })
    w.exited(spec, 15)
    w.crash(0, { recover: "reconnect", info: smaller })
    w.give({ kind: "start" })
    expect(w.agent.agentId).toBeUndefined()
    expect([...w.agent.workload.frameworks]).toEqual([])
    w.give({ kind: "sandboxesFound", paths: [spec.sandbox] })
    expect([...w.agent.gc.paths]).toEqual([spec.sandbox])
    expect([...w.store.keys()].every((key) => key.startsWith("/agent/garbage"))).toBe(true)
  })
})
