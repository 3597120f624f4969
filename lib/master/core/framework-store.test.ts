import { describe, expect, test } from "bun:test"
import type { FrameworkId } from "#lib/mesos/index.ts"
import { Bench, frameworkInfo, reportedTask, taskInfo } from "./builders.ts"
import { frameworkKey, parseFramework } from "./framework-store.ts"

const INFO = frameworkInfo({ roles: ["*"] })
const restart = (bench: Bench) => new Bench({ store: bench.store, now: bench.now })
const puts = (bench: Bench) => bench.effects.filter(({ kind }) => kind === "put")

describe("a stored framework", () => {
  test("is written once it subscribes, and again only when it changed", () => {
    const bench = new Bench()
    const marathon = bench.subscribe(INFO)
    expect(bench.store.get(frameworkKey(marathon.id))).toMatchObject({ info: { name: "test" } })
    bench.clear()
    bench.subscribe({ ...INFO, id: marathon.id })
    expect(puts(bench)).toEqual([])
    bench.subscribe({ ...INFO, id: marathon.id, name: "other" })
    expect(puts(bench)).toHaveLength(1)
  })

  test("is stored before its scheduler hears that it is subscribed", () => {
    const bench = new Bench()
    bench.clear()
    bench.subscribe(INFO)
    const kinds = bench.effects.map(({ kind }) => kind)
    expect(kinds.indexOf("put")).toBeLessThan(kinds.indexOf("event"))
  })

  test("survives a restart without tasks, with its failover timeout", () => {
    const first = new Bench()
    const marathon = first.subscribe({ ...INFO, failoverTimeout: 7_200 })
    const second = restart(first)
    const known = second.master.view.frameworks.get(marathon.id)
    expect(known).toMatchObject({ recovered: true, connected: false, registeredAt: first.now })
    second.advance(7_199_000)
    expect(second.master.view.frameworks.has(marathon.id)).toBe(true)
    second.advance(1_000)
    expect(second.master.view.frameworks.has(marathon.id)).toBe(false)
    expect([...restart(second).master.view.frameworks.keys()]).toEqual([])
  })

  test("comes back under its id, and is written no more for it", () => {
    const first = new Bench()
    const marathon = first.subscribe(INFO)
    const second = restart(first)
    second.clear()
    expect(second.subscribe({ ...INFO, id: marathon.id }).id).toBe(marathon.id)
    expect(puts(second)).toEqual([])
    expect(second.master.view.frameworks.get(marathon.id)?.recovered).toBe(false)
  })
})

describe("a removed framework", () => {
  function removedWhileAway() {
    const bench = new Bench()
    const agent = bench.register()
    const marathon = bench.subscribe(INFO)
    bench.launch(marathon, [taskInfo("t1", agent.id)])
    bench.feed({ kind: "linkClosed", link: agent.link })
    bench.operate({ kind: "teardown", frameworkId: marathon.id })
    return { bench, agent, marathon }
  }

  test("is not brought back by an agent after a restart: the agent ends it", () => {
    const { bench, agent, marathon } = removedWhileAway()
    const later = restart(bench)
    const back = later.register({
      agentId: agent.id,
      frameworks: [{ ...INFO, id: marathon.id }],
      tasks: [reportedTask("t1", marathon.id, agent.id)],
    })
    expect(later.sent(back.link, "shutdownFramework")).toHaveLength(1)
    expect(later.master.view.frameworks.size).toBe(0)
  })

  test("may not subscribe again, also after a restart", () => {
    const { bench, marathon } = removedWhileAway()
    const later = restart(bench)
    const stream = later.subscribeRaw({ ...INFO, id: marathon.id })
    expect(later.events(stream, "error")).toEqual([
      { kind: "error", message: "Framework has been removed" },
    ])
  })

  test("is remembered up to a limit, the newest ones", () => {
    const bench = new Bench({ master: { limits: { removedFrameworks: 2 } } })
    const ids = [1, 2, 3].map(() => {
      const { id } = bench.subscribe(INFO)
      bench.operate({ kind: "teardown", frameworkId: id })
      bench.advance(1)
      return id
    })
    expect([...bench.store.keys()]).toEqual(ids.slice(1).map(frameworkKey))
    const later = new Bench({
      store: bench.store,
      now: bench.now,
      master: { limits: { removedFrameworks: 2 } },
    })
    const { id } = later.subscribe(INFO)
    later.operate({ kind: "teardown", frameworkId: id })
    expect([...later.store.keys()]).toEqual([ids[2]!, id].map(frameworkKey))
  })
})

const KEY = frameworkKey("f" as FrameworkId)
const LIVE = { schema: 1, info: { id: "f", name: "n", user: "u" }, registeredAt: 1 }
test.each([
  ["nothing", null, "it is not an object"],
  ["no schema", { ...LIVE, schema: undefined }, "it has no schema version"],
  ["a newer schema", { ...LIVE, schema: 2 }, "schema 2 is newer than 1; upgrade dcos"],
  ["another's id", { ...LIVE, info: { id: "g", name: "n" } }, "its id is wrong"],
  ["no name", { ...LIVE, info: { id: "f" } }, "it has no name"],
  ["no time", { ...LIVE, registeredAt: undefined }, "it does not say since when it is there"],
])("%s is refused, naming the remedy", (_what, value, problem) => {
  const result = parseFramework(KEY, value)
  expect(result).toMatchObject({ ok: false, error: { code: "unreadable", key: KEY } })
  if (!result.ok) expect(result.error.message).toContain(problem)
})
