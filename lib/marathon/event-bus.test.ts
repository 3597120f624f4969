import { describe, expect, test } from "bun:test"
import { EventBus, OUTSTANDING_LIMIT } from "./event-bus.ts"

const event = (eventType: string, number = 0) => ({ eventType, timestamp: "t", number })

describe("the event bus", () => {
  test("hands each event, encoded once, to all who listen", async () => {
    const bus = new EventBus()
    const [one, other] = [bus.subscribe(), bus.subscribe()]
    bus.publish(event("a"))
    bus.publish(event("b"))
    const first = await one.take()
    const second = await other.take()
    expect(first?.map(({ json }) => JSON.parse(json) as unknown)).toEqual([event("a"), event("b")])
    expect(second?.[0]).toBe(first?.[0] as NonNullable<typeof first>[number])
  })

  test("leaves out types that were not asked for", async () => {
    const bus = new EventBus()
    const picky = bus.subscribe(new Set(["b"]))
    bus.publish(event("a"))
    bus.publish(event("b"))
    expect((await picky.take())?.map(({ eventType }) => eventType)).toEqual(["b"])
  })

  test("wakes a subscriber that waits", async () => {
    const bus = new EventBus()
    const subscription = bus.subscribe()
    const taken = subscription.take()
    bus.publish(event("a"))
    expect(await taken).toHaveLength(1)
  })

  test("cuts off a subscriber that is too slow, after what it had room for", async () => {
    const bus = new EventBus()
    const slow = bus.subscribe()
    for (let number = 0; number <= OUTSTANDING_LIMIT; number++) bus.publish(event("a", number))
    expect(slow.closed).toBe("too slow")
    expect(bus.size).toBe(0)
    expect(await slow.take()).toHaveLength(OUTSTANDING_LIMIT)
    expect(await slow.take()).toBeUndefined()
  })

  test("ends subscriptions that are closed, and all when it stops", async () => {
    const bus = new EventBus()
    const [one, other] = [bus.subscribe(), bus.subscribe()]
    const waiting = one.take()
    one.close()
    expect(await waiting).toBeUndefined()
    expect(bus.size).toBe(1)
    bus.stop()
    expect(other.closed).toBe("stopped")
    expect(await other.take()).toBeUndefined()
  })
})
