import { describe, expect, test } from "bun:test"
import { brandId } from "#lib/mesos/index.ts"
import type { FrameworkId, scheduler } from "#lib/mesos/index.ts"
import type { Clock, Log, ProbeOutcome, ProbeTarget } from "#lib/ports/index.ts"
import { MemoryStore } from "#lib/runtime/index.ts"
import { DEFAULT_OPTIONS } from "./core/options.ts"
import { pathId, put, testHealthCheck, testSpec } from "./core/test-app.ts"
import { testOffer, testScalar } from "./core/test-master.ts"
import { MarathonDriver } from "./driver.ts"
import type { SchedulerHandler } from "./driver.ts"

/** A clock whose turns happen when the test says so. */
class ManualClock implements Clock {
  time = 1_767_225_600_000
  #turns: (() => void)[] = []
  #alarms: { readonly at: number; readonly wake: () => void }[] = []

  now(): number {
    return this.time
  }

  wakeAt(at: number, wake: () => void): () => void {
    const alarm = { at, wake }
    this.#alarms.push(alarm)
    return () => (this.#alarms = this.#alarms.filter((other) => other !== alarm))
  }

  soon(run: () => void): void {
    this.#turns.push(run)
  }

  /** Lets time pass in steps of 100 ms, and everything happen that is due. */
  async pass(ms: number): Promise<void> {
    for (const end = this.time + ms; ; this.time += 100) {
      const due = this.#alarms.filter(({ at }) => at <= this.time)
      this.#alarms = this.#alarms.filter(({ at }) => at > this.time)
      for (const { wake } of due) wake()
      do {
        for (const turn of this.#turns.splice(0)) turn()
        await Promise.resolve()
      } while (this.#turns.length > 0)
      if (this.time >= end) return
    }
  }
}

/** A driver over a connection and a prober that only remember what they were asked. */
class Fixture {
  readonly clock = new ManualClock()
  readonly store = new MemoryStore()
  readonly sent: scheduler.Call[] = []
  readonly probed: ProbeTarget[] = []
  readonly answers: ((outcome: ProbeOutcome) => void)[] = []
  readonly logged: string[] = []
  readonly fatal: unknown[] = []
  status = 202
  closed = false
  handler: SchedulerHandler | undefined

  readonly #log: Log = {
    enabled: () => true,
    write: (_, message) => void this.logged.push(message),
  }

  start(): Promise<MarathonDriver> {
    return MarathonDriver.start({
      marathon: DEFAULT_OPTIONS,
      store: this.store,
      clock: this.clock,
      log: this.#log,
      prober: {
        probe: (target) => {
          this.probed.push(target)
          return new Promise((resolve) => this.answers.push(resolve))
        },
      },
      connect: (handler) => {
        this.handler = handler
        return {
          subscribe: (call) => void this.sent.push(call),
          call: (call) => {
            this.sent.push(call)
            return Promise.resolve({ status: this.status, message: "no" })
          },
          close: () => {
            this.closed = true
          },
        }
      },
      onFatal: (cause) => void this.fatal.push(cause),
    })
  }

  /** Subscribes, offers one agent and lets every task run. */
  async runTasks(): Promise<void> {
    const frameworkId = brandId<FrameworkId>("m-0000")
    this.handler?.event({ kind: "subscribed", frameworkId })
    await this.clock.pass(0)
    const range = { begin: 31_000, end: 31_100 }
    const ports = { ...testScalar("ports", 0), value: { kind: "ranges" as const, ranges: [range] } }
    const resources = [testScalar("cpus", 4000), testScalar("mem", 4_096_000), ports]
    const offer = testOffer("o1" as never, { id: "a1" }, resources)
    this.handler?.event({ kind: "offers", offers: [offer] })
    await this.clock.pass(0)
    for (const call of this.sent)
      for (const operation of call.kind === "accept" ? (call.operations ?? []) : [])
        for (const { taskId, agentId } of operation.kind === "launch"
          ? (operation.taskInfos ?? [])
          : [])
          this.handler?.event({
            kind: "update",
            status: { taskId, agentId, state: "TASK_RUNNING", uuid: "u" },
          })
    await this.clock.pass(0)
  }
}

describe("the driver", () => {
  test("subscribes, answers requests once they are durable, and launches", async () => {
    const fixture = new Fixture()
    const driver = await fixture.start()
    await fixture.clock.pass(0)
    expect(fixture.sent.map(({ kind }) => kind)).toEqual(["subscribe"])
    const reply = driver.request(put(testSpec()))
    await fixture.clock.pass(0)
    expect(await reply).toMatchObject({ ok: true, value: { kind: "deployment" } })
    expect((await fixture.store.scan("/marathon/apps/web/")).length).toBe(1)
    await fixture.runTasks()
    expect(driver.view.instances(pathId("/web"))[0]?.condition).toBe("Running")
    expect(fixture.sent.at(-1)?.kind ?? "").toBe("acknowledge")
  })

  test("finds everything again after a restart", async () => {
    const fixture = new Fixture()
    const first = await fixture.start()
    void first.request(put(testSpec()))
    await fixture.clock.pass(0)
    await fixture.runTasks()
    await first.stop()
    expect(fixture.closed).toBe(true)
    const second = await fixture.start()
    expect(second.view.instances(pathId("/web"))[0]?.condition).toBe("Running")
    await fixture.clock.pass(0)
    expect(fixture.sent.at(-1)).toMatchObject({ kind: "subscribe", frameworkId: "m-0000" })
  })

  test("hands events to subscribers, its own and those of the API", async () => {
    const fixture = new Fixture()
    const driver = await fixture.start()
    const events = driver.subscribe(new Set(["api_post_event", "group_change_success"]))
    void driver.request(put(testSpec()))
    await fixture.clock.pass(0)
    driver.publish({ eventType: "api_post_event", timestamp: "t" })
    const types = (await events.take())?.map(({ eventType }) => eventType)
    expect(types).toEqual(["group_change_success", "api_post_event"])
  })

  test("runs probes, and takes one that fails for a failure", async () => {
    const fixture = new Fixture()
    const driver = await fixture.start()
    void driver.request(put(testSpec({ healthChecks: [testHealthCheck()] })))
    await fixture.clock.pass(0)
    await fixture.runTasks()
    await fixture.clock.pass(5000)
    expect(fixture.probed).toMatchObject([{ kind: "http", host: "a1", path: "/health" }])
    fixture.answers[0]?.({ kind: "http", statusCode: 200 })
    await fixture.clock.pass(100)
    const [instance] = driver.view.instances(pathId("/web"))
    expect(instance && driver.view.health(instance)).toBe(true)
  })

  test("refuses requests when it has stopped", async () => {
    const fixture = new Fixture()
    const driver = await fixture.start()
    await fixture.clock.pass(0)
    await driver.stop()
    expect(await driver.request(put(testSpec()))).toMatchObject({ error: { code: "unavailable" } })
  })

  test("answers all who wait when the store fails, and stops", async () => {
    const fixture = new Fixture()
    const driver = await fixture.start()
    await fixture.clock.pass(0)
    fixture.store.commit = (): never => {
      throw new Error("disk full")
    }
    const reply = driver.request(put(testSpec()))
    await fixture.clock.pass(100)
    expect(await reply).toMatchObject({ error: { code: "unavailable" } })
    expect(fixture.fatal).toHaveLength(1)
  })

  test("logs calls that the master refuses", async () => {
    const fixture = new Fixture()
    await fixture.start()
    await fixture.clock.pass(0)
    fixture.status = 403
    await fixture.runTasks()
    expect(fixture.logged).toContain("the master refuses a call of marathon")
  })
})
