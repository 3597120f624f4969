import { expect, test } from "bun:test"
import type { Clock } from "#lib/ports/index.ts"
import { EventBus } from "#lib/marathon/event-bus.ts"
import { EventStreams } from "./event-streams.ts"
import type { MarathonPort } from "./ports.ts"

function setUp(): { streams: EventStreams; bus: EventBus; wake: () => void } {
  const bus = new EventBus()
  const timers: (() => void)[] = []
  const clock: Clock = {
    now: () => 0,
    wakeAt: (_at, wake) => {
      timers.push(wake)
      return () => {}
    },
    soon: () => {},
  }
  const marathon = {
    subscribe: (types?: ReadonlySet<string>) => bus.subscribe(types),
    publish: (event: Parameters<EventBus["publish"]>[0]) => bus.publish(event),
  } as MarathonPort
  const log = { enabled: () => false, write: () => {} }
  return {
    bus,
    streams: new EventStreams({ marathon, clock, log }),
    wake: () => timers.splice(0).forEach((timer) => timer()),
  }
}

const types = new Set(["x"])

test("sends one frame per event, its lines ended as the original ends them", async () => {
  const { streams, bus } = setUp()
  const reader = streams.open(types, "")!.getReader()
  const read = reader.read()
  bus.publish({ eventType: "x", timestamp: "t", text: "a\nb" })
  const { value } = await read
  expect(new TextDecoder().decode(value)).toBe(
    'event: x\r\ndata: {"eventType":"x","timestamp":"t","text":"a\\nb"}\r\n\r\n',
  )
})

test("says something while nothing happens, and loses no event over it", async () => {
  const { streams, bus, wake } = setUp()
  const reader = streams.open(types, "")!.getReader()
  const idle = reader.read()
  await Promise.resolve()
  wake()
  expect(new TextDecoder().decode((await idle).value)).toBe("\r\n")
  const next = reader.read()
  bus.publish({ eventType: "x", timestamp: "t" })
  expect(new TextDecoder().decode((await next).value)).toStartWith("event: x")
})

test("opens no more than so many streams, and again when some are left", async () => {
  const { streams } = setUp()
  const open = Array.from({ length: 1000 }, () => streams.open(types, ""))
  expect(streams.open(types, "")).toBeUndefined()
  expect(streams.size).toBe(1000)
  await open[0]!.cancel()
  expect(streams.size).toBe(999)
  expect(streams.open(types, "")).toBeDefined()
})

test("ends with the bus", async () => {
  const { streams, bus } = setUp()
  const reader = streams.open(types, "")!.getReader()
  const read = reader.read()
  bus.stop()
  expect((await read).done).toBe(true)
  expect(streams.size).toBe(0)
})
