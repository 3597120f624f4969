import { describe, expect, test } from "bun:test"
import type { master } from "#lib/mesos/index.ts"
import { Bench } from "./core/builders.ts"
import { Watchers, type WatchBeginning, type WatchId, type WatchSink } from "./watchers.ts"

/** Watchers of a master that knows nothing, in time that the test moves. */
function open({ limit = 10, refuses = false } = {}) {
  let now = 0
  let alarms: { readonly at: number; readonly wake: () => void }[] = []
  const announced: number[] = []
  const world = { refuses }
  const watchers = new Watchers({
    view: new Bench().master.view,
    clock: {
      now: () => now,
      soon: () => undefined,
      wakeAt: (at, wake) => {
        const alarm = { at, wake }
        alarms.push(alarm)
        return () => (alarms = alarms.filter((each) => each !== alarm))
      },
    },
    log: { enabled: () => false, write: () => undefined },
    limit,
    heartbeatMs: 15,
    announce: (count) => announced.push(count) > 0 && !world.refuses,
  })
  const advance = (ms: number): void => {
    now += ms
    const due = alarms.filter(({ at }) => at <= now)
    alarms = alarms.filter(({ at }) => at > now)
    for (const { wake } of due) wake()
  }
  return { watchers, announced, advance, world, alarms: () => alarms.length }
}

/** Notes what it hears; is done with a beginning when the promise is, at once without one. */
function listener(done?: Promise<void>) {
  const heard: string[] = []
  const beginnings: WatchBeginning[] = []
  const arrays: (readonly master.Event[])[] = []
  const sink: WatchSink = {
    begun: (beginning) => {
      heard.push("begun")
      beginnings.push(beginning)
      return done
    },
    events: (events) => {
      heard.push(events.map(({ kind }) => kind).join(" "))
      arrays.push(events)
    },
    end: () => void heard.push("end"),
  }
  return { sink, heard, beginnings, arrays }
}

const removed = { kind: "agentRemoved", agentId: "S1" } as unknown as master.Event

describe("a watch", () => {
  test("begins after a batch, without its events, and hears those of later ones", () => {
    const { watchers, announced } = open()
    const early = listener()
    watchers.open(early.sink)
    expect([announced, early.heard]).toEqual([[1], []])
    watchers.push(removed)
    watchers.flush()
    expect(early.heard).toEqual(["begun", "heartbeat"])
    expect(early.beginnings[0]).toMatchObject({ heartbeatMs: 15, state: { agents: [], tasks: [] } })
    const late = listener()
    watchers.open(late.sink)
    watchers.push(removed)
    watchers.push(removed)
    watchers.flush()
    expect(early.heard.slice(2)).toEqual(["agentRemoved agentRemoved"])
    expect(late.heard).toEqual(["begun", "heartbeat"])
    watchers.push(removed)
    watchers.flush()
    expect(late.heard.slice(2)).toEqual(["agentRemoved"])
    expect(late.arrays.at(-1)).toBe(early.arrays.at(-1) as never)
  })

  test("hears nothing more once it is closed, and those that stay are counted", () => {
    const { watchers, announced, alarms, advance } = open()
    const { sink, heard } = listener()
    const id = watchers.open(sink)!
    watchers.flush()
    watchers.close(id)
    watchers.close(id)
    watchers.push(removed)
    watchers.flush()
    advance(15)
    expect(heard).toEqual(["begun", "heartbeat"])
    expect([announced, watchers.size, alarms()]).toEqual([[1, 0], 0, 0])
  })

  test("hears that it ends", () => {
    const { watchers, alarms } = open()
    const [begun, waiting] = [listener(), listener()]
    watchers.open(begun.sink)
    watchers.flush()
    watchers.open(waiting.sink)
    watchers.stop()
    expect([begun.heard.at(-1), waiting.heard]).toEqual(["end", ["end"]])
    expect(alarms()).toBe(0)
  })

  test("is refused by a master that takes no more", () => {
    const { watchers, world } = open({ refuses: true })
    const { sink, heard } = listener()
    expect(watchers.open(sink)).toBeUndefined()
    world.refuses = false
    watchers.flush()
    expect([heard, watchers.size]).toEqual([[], 0])
  })

  test("has a heartbeat whenever so much time has passed since its last", () => {
    const { watchers, advance } = open()
    const [first, second] = [listener(), listener()]
    watchers.open(first.sink)
    watchers.flush()
    advance(10)
    watchers.open(second.sink)
    watchers.flush()
    advance(5)
    expect([first.heard.length, second.heard.length]).toEqual([3, 2])
    advance(10)
    expect([first.heard.length, second.heard.length]).toEqual([3, 3])
    advance(5)
    expect([first.heard.length, second.heard.length]).toEqual([4, 3])
  })
})

describe("many watches", () => {
  test("beyond the limit end the oldest", () => {
    const { watchers } = open({ limit: 2 })
    const all = [listener(), listener(), listener()]
    for (const { sink } of all) {
      watchers.open(sink)
      watchers.flush()
    }
    expect(all.map(({ heard }) => heard.at(-1))).toEqual(["end", "heartbeat", "heartbeat"])
    expect(watchers.size).toBe(2)
  })

  test("that come at the same time begin with the same", () => {
    const { watchers } = open()
    const all = [listener(), listener()]
    for (const { sink } of all) watchers.open(sink)
    watchers.flush()
    expect(all[0]!.beginnings[0]).toBe(all[1]!.beginnings[0] as never)
  })

  test("begin one after another while a beginning takes its time", async () => {
    const { watchers, announced } = open()
    const encoded = Promise.withResolvers<void>()
    const first = listener(encoded.promise)
    const others = [listener(), listener()]
    watchers.open(first.sink)
    watchers.flush()
    const ids = others.map(({ sink }) => watchers.open(sink)) as WatchId[]
    watchers.push(removed)
    watchers.flush()
    expect(first.heard).toEqual(["begun", "heartbeat", "agentRemoved"])
    expect(others.map(({ heard }) => heard)).toEqual([[], []])
    watchers.close(ids[0]!)
    encoded.resolve()
    await new Promise((resume) => setImmediate(resume))
    expect(announced).toEqual([1, 2, 3, 2, 2])
    watchers.flush()
    expect(others.map(({ heard }) => heard.length)).toEqual([0, 2])
  })
})
