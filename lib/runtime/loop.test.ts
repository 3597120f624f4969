import { describe, expect, test } from "bun:test"
import type { Clock, Log, Store, Write } from "#lib/ports/index.ts"
import type { BaseEffect, Machine, Wake } from "./effects.ts"
import { Loop } from "./loop.ts"

type Input = { readonly kind: "do"; readonly effects: readonly (BaseEffect | Effect)[] }
type Effect = { readonly kind: "send"; readonly text: string }

const send = (text: string): Effect => ({ kind: "send", text })
const put = (key: string): Write => ({ kind: "put", key, value: 1 })
const act = (...effects: (BaseEffect | Effect)[]): Input => ({ kind: "do", effects })

/** A world whose turns of the event loop and alarms happen when the test says so. */
class World implements Clock, Log, Store {
  /** Everything that happened, in order. */
  readonly seen: string[] = []
  readonly fatal: unknown[] = []
  time = 1000
  alarms: { readonly at: number; readonly wake: () => void }[] = []
  /** Unsettled commits, when `slow`. */
  readonly commits: { readonly resolve: () => void; readonly reject: (cause: Error) => void }[] = []
  slow = false
  /** How often the machine stepped, and on what. */
  readonly inputs: string[] = []
  onSend: (text: string) => void = () => {}
  onStep: () => void = () => {}
  #turns: (() => void)[] = []

  readonly #machine: Machine<Input, Effect> = {
    step: (input: Input | Wake, now: number, out: (Effect | BaseEffect)[]): void => {
      this.onStep()
      this.inputs.push(`${input.kind}@${now}`)
      if (input.kind === "do") out.push(...input.effects)
    },
  }

  readonly loop = new Loop<Input, Effect>({
    name: "test",
    machine: this.#machine,
    store: this,
    clock: this,
    log: this,
    perform: ({ text }) => {
      this.seen.push(`send ${text}`)
      this.onSend(text)
    },
    flush: () => void this.seen.push("flush"),
    commitLimitMs: 20_000,
    onFatal: (cause) => this.fatal.push(cause),
  })

  now(): number {
    return this.time
  }

  wakeAt(at: number, wake: () => void): () => void {
    const alarm = { at, wake }
    this.alarms.push(alarm)
    return () => (this.alarms = this.alarms.filter((other) => other !== alarm))
  }

  soon(run: () => void): void {
    this.#turns.push(run)
  }

  enabled(): boolean {
    return true
  }

  write(level: string, message: string): void {
    this.seen.push(`${level} ${message}`)
  }

  async scan(): Promise<[]> {
    return []
  }

  async close(): Promise<void> {}

  commit(writes: readonly Write[]): Promise<void> | undefined {
    this.seen.push(`commit ${writes.map(({ key }) => key).join(" ")}`)
    if (!this.slow) return undefined
    return new Promise((resolve, reject) => this.commits.push({ resolve, reject }))
  }

  /** Runs one turn of the event loop; false when nothing waited for one. */
  turn(): boolean {
    const run = this.#turns.shift()
    run?.()
    return run !== undefined
  }

  /** Runs turns until nothing waits, promises included. */
  async settle(): Promise<void> {
    do while (this.turn());
    while ((await Promise.resolve(), this.#turns.length > 0))
  }

  ring(): void {
    const alarm = this.alarms.shift()
    this.time = alarm!.at
    alarm!.wake()
  }
}

test("makes the writes of a batch durable in one commit before it performs anything", async () => {
  const world = new World()
  world.loop.post(act(send("a"), put("/1")))
  world.loop.post(act(put("/2"), send("b"), { kind: "delete", key: "/3" }))
  expect(world.seen).toEqual([])
  await world.settle()
  expect(world.seen).toEqual(["commit /1 /2 /3", "send a", "send b", "flush"])
})

test("performs effects in the order in which the machine pushed them", async () => {
  const world = new World()
  world.loop.post(act(send("a"), { kind: "log", level: "info", message: "m" }, send("b")))
  await world.settle()
  expect(world.seen).toEqual(["send a", "info m", "send b", "flush"])
})

test("commits nothing when nothing is written", async () => {
  const world = new World()
  world.loop.post(act(send("a")))
  await world.settle()
  expect(world.seen).toEqual(["send a", "flush"])
})

test("holds effects and the next batch back until a slow commit is confirmed", async () => {
  const world = new World()
  world.slow = true
  world.loop.post(act(put("/1"), send("a")))
  await world.settle()
  world.loop.post(act(put("/2"), send("b")))
  world.loop.post(act(send("c")))
  await world.settle()
  expect(world.seen).toEqual(["commit /1"])
  expect(world.inputs).toHaveLength(1)
  world.commits.shift()?.resolve()
  await world.settle()
  expect(world.seen).toEqual(["commit /1", "send a", "flush", "commit /2"])
  world.commits.shift()?.resolve()
  await world.settle()
  expect(world.seen.slice(4)).toEqual(["send b", "send c", "flush"])
})

test("takes an input that an effect posts in the next batch", async () => {
  const world = new World()
  world.onSend = (text) => text === "a" && world.loop.post(act(put("/2")))
  world.loop.post(act(put("/1"), send("a"), send("b")))
  await world.settle()
  expect(world.seen).toEqual(["commit /1", "send a", "send b", "flush", "commit /2", "flush"])
})

test("gives the event loop a turn after 10 ms of work, and loses no input", async () => {
  const world = new World()
  world.onStep = () => (world.time += 4)
  for (let i = 0; i < 5; i++) world.loop.post(act(send(`${i}`)))
  world.turn()
  expect(world.seen).toEqual(["send 0", "send 1", "send 2", "flush"])
  await world.settle()
  expect(world.inputs).toEqual(["do@1000", "do@1000", "do@1000", "do@1012", "do@1012"])
})

test("gives the event loop a turn after 512 inputs, and loses none", async () => {
  const world = new World()
  for (let i = 0; i < 1100; i++) world.loop.post(act(put(`/${i}`)))
  world.turn()
  expect(world.inputs).toHaveLength(512)
  await world.settle()
  expect(world.inputs).toHaveLength(1100)
  expect(world.seen.filter((line) => line.startsWith("commit"))).toHaveLength(3)
})

test("refuses inputs beyond the queue's limit, and takes them again once it has drained", async () => {
  const world = new World()
  const input = act()
  let taken = 0
  while (world.loop.post(input)) taken++
  expect(taken).toBe(1 << 20)
  world.turn()
  expect(world.loop.post(input)).toBe(true)
})

describe("the alarm", () => {
  test("wakes the machine at the time asked for", async () => {
    const world = new World()
    world.loop.post(act({ kind: "wakeAt", at: 5000 }))
    await world.settle()
    world.ring()
    await world.settle()
    expect(world.inputs).toEqual(["do@1000", "wake@5000"])
    expect(world.alarms).toEqual([])
  })

  test("is replaced by the latest request, also by a later one", async () => {
    const world = new World()
    world.loop.post(act({ kind: "wakeAt", at: 5000 }, { kind: "wakeAt", at: 4000 }))
    await world.settle()
    world.loop.post(act({ kind: "wakeAt", at: 9000 }))
    await world.settle()
    expect(world.alarms.map(({ at }) => at)).toEqual([9000])
  })

  test("is not lost when it goes off while the queue is full", async () => {
    const world = new World()
    world.loop.post(act({ kind: "wakeAt", at: 5000 }))
    await world.settle()
    const input = act()
    while (world.loop.post(input));
    world.ring()
    world.turn()
    expect(world.inputs.slice(0, 3)).toEqual(["do@1000", "wake@5000", "do@5000"])
  })
})

describe("a fault", () => {
  test("of the store stops the loop: nothing of the batch is performed, nothing more is taken", async () => {
    const world = new World()
    world.slow = true
    world.loop.post(act(put("/1"), send("a")))
    await world.settle()
    world.loop.post(act(send("b")))
    world.commits.shift()?.reject(new Error("disk full"))
    await world.settle()
    expect(world.seen).toEqual(["commit /1", "error test stops: Error: disk full"])
    expect(world.fatal).toEqual([new Error("disk full")])
    expect(world.loop.post(act(send("c")))).toBe(false)
    await world.settle()
    expect(world.inputs).toHaveLength(1)
  })

  test("of a store that takes no write in its time is one, and what comes of it later is nothing", async () => {
    const world = new World()
    world.slow = true
    world.loop.post(act(put("/1"), send("a")))
    await world.settle()
    world.commits.shift()?.resolve()
    await world.settle()
    expect(world.alarms).toEqual([])

    world.loop.post(act(put("/2"), send("b")))
    await world.settle()
    world.ring()
    expect(world.time).toBe(21_000)
    world.commits.shift()?.resolve()
    await world.settle()
    const late = "the store has not taken a write in 20 s"
    expect(world.fatal).toEqual([new Error(late)])
    expect(world.seen.slice(-2)).toEqual(["commit /2", `error test stops: Error: ${late}`])
    expect(world.loop.post(act(send("c")))).toBe(false)
  })

  test("of a commit that throws at once does the same", async () => {
    const world = new World()
    world.commit = () => {
      throw new Error("read-only")
    }
    world.loop.post(act(put("/1"), send("a")))
    await world.settle()
    expect(world.seen).toEqual(["error test stops: Error: read-only"])
    expect(world.fatal).toHaveLength(1)
  })

  test("in the machine commits and performs nothing of the batch", async () => {
    const world = new World()
    world.loop.post(act(put("/1"), send("a")))
    world.loop.post(act(send("b")))
    world.onStep = () => {
      if (world.inputs.length === 1) throw new Error("bug")
    }
    await world.settle()
    expect(world.seen).toEqual(["error test stops: Error: bug"])
  })

  test("in an effect stops the loop before the effects behind it, and cancels the alarm", async () => {
    const world = new World()
    world.onSend = () => {
      throw new Error("bug")
    }
    world.loop.post(act({ kind: "wakeAt", at: 5000 }, send("a"), send("b")))
    await world.settle()
    expect(world.seen).toEqual(["send a", "error test stops: Error: bug"])
    expect(world.alarms).toEqual([])
    expect(world.loop.post(act())).toBe(false)
    await world.loop.stop()
  })
})

describe("stop", () => {
  test("resolves at once when the loop is idle, and cancels the alarm", async () => {
    const world = new World()
    world.loop.post(act({ kind: "wakeAt", at: 5000 }))
    await world.settle()
    await world.loop.stop()
    expect(world.alarms).toEqual([])
    expect(world.loop.post(act())).toBe(false)
  })

  test("first performs all that was taken, over several batches and slow commits", async () => {
    const world = new World()
    world.slow = true
    for (let i = 0; i < 600; i++) world.loop.post(act(put("/1"), send("a")))
    let stopped = false
    const stop = world.loop.stop().then(() => (stopped = true))
    await world.settle()
    expect(stopped).toBe(false)
    world.commits.shift()?.resolve()
    await world.settle()
    expect(stopped).toBe(false)
    world.commits.shift()?.resolve()
    await world.settle()
    await stop
    expect(world.seen.filter((line) => line === "send a")).toHaveLength(600)
  })

  test("arms no alarm for what it still performs", async () => {
    const world = new World()
    world.loop.post(act({ kind: "wakeAt", at: 5000 }))
    const stop = world.loop.stop()
    await world.settle()
    await stop
    expect(world.alarms).toEqual([])
  })

  test("resolves, and the fault is told, when the commit it waits for fails", async () => {
    const world = new World()
    world.slow = true
    world.loop.post(act(put("/1"), send("a")))
    await world.settle()
    const stop = world.loop.stop()
    world.commits.shift()?.reject(new Error("disk full"))
    await stop
    expect(world.fatal).toEqual([new Error("disk full")])
    expect(world.seen).not.toContain("send a")
  })
})
