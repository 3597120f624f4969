import type { ProbeOutcome } from "#lib/ports/index.ts"
import { assert } from "#lib/std/assert.ts"
import type { Command, Reply } from "./command.ts"
import type { MarathonEvent } from "./events.ts"
import { Marathon } from "./marathon.ts"
import { DEFAULT_OPTIONS } from "./options.ts"
import type { MarathonOptions } from "./options.ts"
import type { Instance } from "./records.ts"
import { pathId } from "./test-app.ts"
import { TestMaster } from "./test-master.ts"
import type { TestAgent } from "./test-master.ts"
import type { MarathonEffect, MarathonInput, OtherCall, Probe, RequestId } from "./types.ts"

/** Inputs that may be under way at one moment; more means that the machine talks to itself. */
const INPUTS_LIMIT = 100_000

/** What a world is made of; everything has a default. */
export type WorldOptions = {
  readonly agents?: readonly TestAgent[]
  readonly options?: Partial<MarathonOptions>
  /** The process dies right after its n-th commit (counted from 1), once. */
  readonly crashAfterCommit?: number
}

/** Marathon, its store, a master with agents, and time: all in one hand. */
export class World {
  /** The first moment of 2026. */
  now = 1_767_225_600_000
  readonly master: TestMaster
  readonly store = new Map<string, string>()
  readonly events: MarathonEvent[] = []
  readonly probes: Probe[] = []
  /** How probes are answered; undefined leaves them without an answer. */
  onProbe: (probe: Probe) => ProbeOutcome | undefined = () => ({ kind: "http", statusCode: 200 })
  /** Called after each input and its effects: the place for invariants. */
  onStep: () => void = () => {}
  commits = 0
  crashes = 0
  machine: Marathon
  readonly #options: Partial<MarathonOptions>
  /** The process dies right after this commit, counted from the first start. */
  crashAtCommit: number | undefined
  readonly #replies = new Map<number, Reply>()
  #inputs: MarathonInput[] = []
  #alarm: number | undefined
  #lastRequest = 0

  constructor(options: WorldOptions = {}) {
    this.master = new TestMaster(options.agents ?? [{ id: "a1" }])
    this.#options = options.options ?? {}
    this.crashAtCommit = options.crashAfterCommit
    this.machine = this.#boot()
    this.run()
  }

  /** Sends a command and lets everything happen that needs no time. */
  request(command: Command): Reply {
    const request = this.send(command)
    this.run()
    const reply = this.#replies.get(request)
    assert(reply !== undefined, "a command is answered")
    return reply
  }

  /** Sends a command whose answer may be lost in a crash. */
  send(command: Command): number {
    const request = ++this.#lastRequest
    this.#inputs.push({ kind: "command", request: request as RequestId, command })
    return request
  }

  /** Sends a command that starts a deployment, and answers its id. */
  deploy(command: Command): string {
    const reply = this.request(command)
    assert(reply.ok && reply.value.kind === "deployment", `deploys: ${JSON.stringify(reply)}`)
    return reply.value.deploymentId
  }

  /** Lets time pass, with all that is due in it. */
  advance(ms: number): void {
    const end = this.now + ms
    this.run()
    while (this.#alarm !== undefined && this.#alarm <= end) {
      this.now = Math.max(this.now, this.#alarm)
      this.#alarm = undefined
      this.#inputs.push({ kind: "wake" })
      this.run()
    }
    this.now = end
    this.run()
  }

  /** Delivers all that is under way, until nothing moves without time. */
  run(): void {
    for (let count = 0; ; count++) {
      assert(count < INPUTS_LIMIT, "the world comes to rest")
      if (this.#inputs.length === 0) {
        for (const event of this.master.takeEvents()) this.#inputs.push({ kind: "event", event })
        if (this.#inputs.length === 0) {
          this.master.offer(this.now)
          for (const event of this.master.takeEvents()) this.#inputs.push({ kind: "event", event })
        }
      }
      const input = this.#inputs.shift()
      if (input === undefined) return
      this.#step(input)
    }
  }

  /** The process dies and starts again from what it stored. */
  crash(): void {
    this.crashes++
    this.master.disconnect()
    this.#inputs = []
    this.#alarm = undefined
    this.machine = this.#boot()
  }

  /** The stream to the master breaks. */
  disconnect(): void {
    this.master.disconnect()
    this.#inputs.push({ kind: "disconnected" })
    this.run()
  }

  /** The master refused a call, or its answer was lost. */
  refuseCall(call: OtherCall): void {
    this.#inputs.push({ kind: "callRefused", call })
    this.run()
  }

  instances(id = "/web"): readonly Instance[] {
    return this.machine.view.instances(pathId(id))
  }

  /** Ids of the tasks of an app that run. */
  running(id = "/web"): readonly string[] {
    return this.instances(id)
      .filter(({ condition }) => condition === "Running")
      .map(({ task }) => task?.id ?? "")
  }

  eventTypes(): readonly string[] {
    return this.events.map(({ eventType }) => eventType)
  }

  #boot(): Marathon {
    const entries = [...this.store]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, json]): [string, unknown] => [key, JSON.parse(json)])
    const seed = 7 + this.crashes
    const machine = new Marathon(entries, { ...DEFAULT_OPTIONS, seed, ...this.#options }, this.now)
    this.#inputs.push({ kind: "start" })
    return machine
  }

  #step(input: MarathonInput): void {
    const out: MarathonEffect[] = []
    this.machine.step(input, this.now, out)
    if (this.#commit(out)) return this.crash()
    for (const effect of out) this.#perform(effect)
    this.onStep()
  }

  #commit(out: readonly MarathonEffect[]): boolean {
    let wrote = false
    for (const effect of out) {
      if (effect.kind === "put") this.store.set(effect.key, JSON.stringify(effect.value))
      else if (effect.kind === "delete") this.store.delete(effect.key)
      else continue
      wrote = true
    }
    if (wrote) this.commits++
    return wrote && this.commits === this.crashAtCommit
  }

  #perform(effect: MarathonEffect): void {
    switch (effect.kind) {
      case "subscribe":
        return this.master.subscribe(effect.call)
      case "call":
        return this.master.call(effect.call, this.now)
      case "reply":
        this.#replies.set(effect.request, effect.reply)
        return
      case "publish":
        this.events.push(effect.event)
        return
      case "probe": {
        this.probes.push(effect.probe)
        const outcome = this.onProbe(effect.probe)
        if (outcome !== undefined)
          this.#inputs.push({ kind: "probed", result: { id: effect.probe.id, outcome } })
        return
      }
      case "wakeAt":
        this.#alarm = effect.at
        return
      case "put":
      case "delete":
      case "log":
        return
      default:
        return effect satisfies never
    }
  }
}
