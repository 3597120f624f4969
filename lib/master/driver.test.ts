import { describe, expect, test } from "bun:test"
import type { FrameworkId, MasterToAgent, scheduler, TaskId } from "#lib/mesos/index.ts"
import type { Cancel, Clock, Store, Write } from "#lib/ports/index.ts"
import { frameworkInfo, registration, taskInfo } from "./core/builders.ts"
import type { LinkId, StreamId } from "./core/types.ts"
import { MasterDriver, type MasterDriverOptions, type SchedulerSink } from "./driver.ts"
import type { SchedulerHandler } from "./in-memory-scheduler.ts"

/** A clock that a test turns by hand. */
class HandClock implements Clock {
  time = 1_000_000
  #timers: { at: number; wake: () => void }[] = []
  #soon: (() => void)[] = []

  now(): number {
    return this.time
  }

  wakeAt(at: number, wake: () => void): Cancel {
    const timer = { at, wake }
    this.#timers.push(timer)
    return () => (this.#timers = this.#timers.filter((each) => each !== timer))
  }

  soon(run: () => void): void {
    this.#soon.push(run)
  }

  /** Runs turns, and lets `ms` pass, until nothing is left to do at that time. */
  async settle(ms = 0): Promise<void> {
    this.time += ms
    for (let turn = 0; turn < 100; turn++) {
      for (const run of this.#soon.splice(0)) run()
      const due = this.#timers.filter(({ at }) => at <= this.time)
      this.#timers = this.#timers.filter(({ at }) => at > this.time)
      for (const { wake } of due) wake()
      await Promise.resolve()
    }
  }
}

class MemoryStore implements Store {
  readonly entries = new Map<string, unknown>()
  readonly order: string[]
  fails = false

  constructor(order: string[]) {
    this.order = order
  }

  scan(prefix: string): Promise<readonly (readonly [string, unknown])[]> {
    const found = [...this.entries].filter(([key]) => key.startsWith(prefix))
    return Promise.resolve(found.sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  commit(writes: readonly Write[]): Promise<void> {
    if (this.fails) return Promise.reject(new Error("disk full"))
    for (const write of writes) {
      this.order.push(`${write.kind} ${write.key}`)
      if (write.kind === "put") this.entries.set(write.key, write.value)
      else this.entries.delete(write.key)
    }
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** A driver with everything around it recorded in one list, in order. */
async function world(
  entries: readonly (readonly [string, unknown])[] = [],
  more: Partial<MasterDriverOptions> = {},
) {
  const order: string[] = []
  const store = new MemoryStore(order)
  for (const [key, value] of entries) store.entries.set(key, value)
  const clock = new HandClock()
  const frames: { link: LinkId; messages: readonly MasterToAgent[] }[] = []
  let serial = 0
  const started = await MasterDriver.start({
    master: { info: { id: "M", ip: 0, port: 5050 }, seed: 1 },
    store,
    clock,
    log: { enabled: () => false, write: () => undefined },
    links: {
      send: (link, messages) => {
        frames.push({ link, messages })
        order.push(`send ${link} ${messages.map(({ kind }) => kind).join(" ")}`)
      },
      close: (link, reason) => order.push(`close ${link}: ${reason}`),
    },
    newId: () => `stream-${serial++}`,
    onFatal: (cause) => order.push(`fatal ${String(cause)}`),
    ...more,
  })
  if (!started.ok) throw new Error(started.error.message)
  return { driver: started.value, clock, store, order, frames }
}

const link = "L1" as LinkId
const subscribe = { frameworkInfo: frameworkInfo({ roles: ["web"] }) }

function recordingSink(): SchedulerSink & { readonly events: unknown; readonly heard: string[] } {
  const heard: string[] = []
  return {
    heard,
    events: (events: readonly scheduler.Event[]) =>
      heard.push(events.map(({ kind }) => kind).join(" ")),
    end: () => heard.push("end"),
  }
}

describe("the driver", () => {
  test("stores before it confirms, and sends what one batch has for a link as one frame", async () => {
    const { driver, clock, order } = await world()
    driver.linkOpened(link, "10.0.0.1")
    driver.linkMessages(link, [registration(), { kind: "pong", sequence: 0 }])
    await clock.settle()
    expect(order).toEqual(["put /agents/M-S0", "send L1 registered"])
    const sink = recordingSink()
    const stream = driver.subscribe({ subscribe }, sink)!
    await clock.settle()
    expect(sink.heard).toEqual(["subscribed heartbeat", "offers"])
    const [offerId] = [...driver.view.offers.keys()]
    const [agentId] = [...driver.view.agents.keys()]
    const reply = driver.call({
      frameworkId: "M-0000" as FrameworkId,
      stream,
      call: {
        kind: "accept",
        offerIds: [offerId!],
        operations: [
          { kind: "launch", taskInfos: [taskInfo("t1", agentId!), taskInfo("t2", agentId!)] },
        ],
      },
    })
    await clock.settle()
    expect(await reply).toEqual({ status: 202 })
    expect(order.at(-1)).toBe("send L1 runTask runTask")
  })

  test("ends a stream after its last events, and forgets it", async () => {
    const { driver, clock } = await world()
    const first = recordingSink()
    driver.subscribe({ subscribe }, first)
    await clock.settle()
    const second = recordingSink()
    const id = "M-0000" as FrameworkId
    const again = { ...subscribe, frameworkInfo: { ...subscribe.frameworkInfo, id } }
    driver.subscribe({ frameworkId: id, subscribe: again }, second)
    await clock.settle()
    expect(first.heard).toEqual(["subscribed heartbeat", "error", "end"])
    expect(second.heard).toEqual(["subscribed heartbeat"])
  })

  test("a closed stream hears nothing more, and its framework is disconnected", async () => {
    const { driver, clock } = await world()
    const sink = recordingSink()
    const stream = driver.subscribe({ subscribe }, sink)!
    await clock.settle()
    driver.closeStream(stream)
    driver.closeStream(stream)
    await clock.settle(60_000)
    expect(sink.heard).toEqual(["subscribed heartbeat"])
    expect([...driver.view.frameworks.values()][0]?.connected).toBe(false)
  })

  test("flushes a link before it closes it", async () => {
    const { driver, clock, order } = await world()
    const machines = [{ hostname: "a1", ip: "10.0.0.1" }]
    const window = { machineIds: machines, unavailability: { start: { nanoseconds: 0 } } }
    const schedule = { windows: [window] }
    void driver.operate({ kind: "updateMaintenanceSchedule", schedule })
    void driver.operate({ kind: "startMaintenance", machines })
    await clock.settle()
    driver.linkOpened(link, "10.0.0.1")
    driver.linkMessages(link, [registration()])
    await clock.settle()
    expect(order.at(-2)).toBe("send L1 shutdown")
    expect(order.at(-1)).toBe("close L1: Machine a1 (10.0.0.1) is down for maintenance")
  })

  test("closes the link of a peer that speaks nonsense, and goes on", async () => {
    const { driver, clock, order } = await world()
    driver.linkOpened(link, "10.0.0.1")
    driver.linkMessages(link, [registration(), { kind: "update" }, { kind: "unregister" }])
    await clock.settle()
    expect(order).toContain("close L1: update: no status")
    const [agent] = [...driver.view.agents.values()]
    expect(agent?.connected).toBe(false)
  })

  test("heartbeats come by the clock", async () => {
    const { driver, clock } = await world()
    const sink = recordingSink()
    driver.subscribe({ subscribe }, sink)
    await clock.settle()
    for (let i = 0; i < 3; i++) await clock.settle(15_000)
    expect(sink.heard).toEqual(["subscribed heartbeat", "heartbeat", "heartbeat", "heartbeat"])
  })

  test("refuses calls once it stops, and ends the streams", async () => {
    const { driver, clock } = await world()
    const sink = recordingSink()
    driver.subscribe({ subscribe }, sink)
    await clock.settle()
    await driver.stop()
    expect(sink.heard.at(-1)).toBe("end")
    expect(
      await driver.operate({ kind: "teardown", frameworkId: "M-0000" as FrameworkId }),
    ).toMatchObject({ status: 503 })
    expect(driver.subscribe({ subscribe }, recordingSink())).toBeUndefined()
    expect(driver.linkMessages(link, [registration()])).toBe(false)
  })

  test("a failed commit is fatal: nothing is sent, and waiting calls are refused", async () => {
    const { driver, clock, store, order } = await world()
    store.fails = true
    driver.linkOpened(link, "10.0.0.1")
    driver.linkMessages(link, [registration()])
    const reply = driver.operate({ kind: "teardown", frameworkId: "M-0000" as FrameworkId })
    await clock.settle()
    expect(order).toEqual(["fatal Error: disk full"])
    expect(await reply).toMatchObject({ status: 503 })
  })

  test("a store that takes no write for 20 s is fatal, and waiting calls are refused", async () => {
    const { driver, clock, store, order } = await world([], { commitLimitMs: 20_000 })
    store.commit = () => new Promise(() => undefined)
    driver.linkOpened(link, "10.0.0.1")
    driver.linkMessages(link, [registration()])
    const reply = driver.operate({ kind: "teardown", frameworkId: "M-0000" as FrameworkId })
    await clock.settle()
    await clock.settle(19_999)
    expect(order).toEqual([])
    await clock.settle(1)
    expect(order).toEqual(["fatal Error: the store has not taken a write in 20 s"])
    expect(await reply).toMatchObject({ status: 503 })
  })

  test("tells a caller when the store takes too long", async () => {
    const { driver, clock, store } = await world()
    store.commit = () => new Promise(() => undefined)
    driver.linkOpened(link, "10.0.0.1")
    driver.linkMessages(link, [registration()])
    const reply = driver.operate({ kind: "teardown", frameworkId: "M-0000" as FrameworkId })
    await clock.settle(29_999)
    await clock.settle(2)
    expect(await reply).toMatchObject({ status: 503 })
  })

  test("does not start with a store that it cannot read", async () => {
    expect(world([["/agents/A", { schema: 1 }]])).rejects.toThrow(
      "The stored agent /agents/A is unreadable",
    )
  })
})

describe("the in-memory transport", () => {
  async function connected() {
    const everything = await world()
    const heard: scheduler.Event[] = []
    let disconnects = 0
    let inside = false
    const handler: SchedulerHandler = {
      event: (event) => {
        expect(inside).toBe(false)
        heard.push(event)
      },
      disconnected: () => disconnects++,
    }
    const connection = everything.driver.connectScheduler(handler)
    const kinds = (): string[] => heard.map(({ kind }) => kind)
    const guarded = (run: () => void): void => {
      inside = true
      run()
      inside = false
    }
    return { ...everything, connection, heard, kinds, guarded, disconnects: () => disconnects }
  }
  const call = { kind: "subscribe", ...subscribe } as const
  const frameworkId = "M-0000" as FrameworkId

  test("delivers events in turns of their own, never inside a call", async () => {
    const { connection, clock, kinds, guarded } = await connected()
    guarded(() => connection.subscribe(call))
    expect(kinds()).toEqual([])
    await clock.settle()
    expect(kinds()).toEqual(["subscribed", "heartbeat"])
  })

  test("takes calls with the stream's id, and answers as HTTP would", async () => {
    const { connection, clock, driver } = await connected()
    connection.subscribe(call)
    await clock.settle()
    const killed = connection.call({ kind: "kill", frameworkId, taskId: "t" as TaskId })
    const unnamed = connection.call({ kind: "revive" })
    const unknown = connection.call({ kind: "revive", frameworkId: "F" as FrameworkId })
    await clock.settle()
    expect(await killed).toEqual({ status: 202 })
    expect(await unnamed).toMatchObject({ status: 400 })
    expect(await unknown).toMatchObject({ status: 400, message: "Framework cannot be found" })
    connection.close()
    const late = connection.call({ kind: "revive", frameworkId })
    await clock.settle()
    expect(await late).toEqual({ status: 403, message: "Framework is not subscribed" })
    expect(driver.view.frameworks.get(frameworkId)?.connected).toBe(false)
  })

  test("subscribing again drops the old stream without a word", async () => {
    const { connection, clock, kinds, disconnects } = await connected()
    connection.subscribe(call)
    await clock.settle()
    connection.subscribe({
      ...call,
      frameworkId,
      frameworkInfo: { ...call.frameworkInfo, id: frameworkId },
    })
    await clock.settle()
    expect(kinds()).toEqual(["subscribed", "heartbeat", "subscribed", "heartbeat"])
    expect(disconnects()).toBe(0)
  })

  test("tells when the master ends the stream, after its last events", async () => {
    const { connection, clock, driver, kinds, disconnects } = await connected()
    connection.subscribe(call)
    await clock.settle()
    void driver.operate({ kind: "teardown", frameworkId })
    await clock.settle()
    expect(disconnects()).toBe(1)
    connection.subscribe({
      ...call,
      frameworkId,
      frameworkInfo: { ...call.frameworkInfo, id: frameworkId },
    })
    await clock.settle()
    expect(kinds().at(-1)).toBe("error")
    expect(disconnects()).toBe(2)
  })

  test("tells so when the master takes no more subscriptions", async () => {
    const { connection, clock, driver, disconnects } = await connected()
    await clock.settle()
    await driver.stop()
    connection.subscribe(call)
    expect(disconnects()).toBe(0)
    await clock.settle()
    expect(disconnects()).toBe(1)
  })

  test("what is under way when the scheduler closes is not delivered", async () => {
    const { connection, clock, kinds } = await connected()
    connection.subscribe(call)
    connection.close()
    await clock.settle()
    expect(kinds()).toEqual([])
  })
})

test("stream ids come from outside, one per subscription", async () => {
  const { driver } = await world()
  const ids = [0, 1].map(() => driver.subscribe({ subscribe }, recordingSink()))
  expect(ids).toEqual(["stream-0", "stream-1"] as StreamId[])
})
