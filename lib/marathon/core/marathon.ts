import type { scheduler } from "#lib/mesos/index.ts"
import { assert } from "#lib/std/assert.ts"
import { takeCommand } from "./commands.ts"
import { Core } from "./core.ts"
import type { Alarm } from "./core.ts"
import { refillTokens, repeatRevive, settleDemand, takeDelayAlarms } from "./demand.ts"
import { advanceDeployment } from "./deployments.ts"
import { probeHealth, takeHealth, watchHealth } from "./health.ts"
import { keys, SCHEMA_VERSION } from "./keys.ts"
import { requestKill, retryKills } from "./kill.ts"
import { takeOffers } from "./offers.ts"
import type { MarathonOptions } from "./options.ts"
import { parseProbeName } from "./probe-key.ts"
import { probeReadiness, takeReadiness, watchReadiness } from "./readiness.ts"
import { recoverState } from "./recover.ts"
import type { Entries } from "./recover.ts"
import { checkScale } from "./scale.ts"
import { takeStatus } from "./status.ts"
import {
  declineUnanswered,
  reconcile,
  settleRoles,
  subscribe,
  takeDisconnected,
  takeError,
  takeRefusal,
  takeSubscribed,
} from "./subscription.ts"
import type { MarathonEffect, MarathonInput, ProbeResult } from "./types.ts"
import { takeInstanceAlarms, watchUnreachable } from "./unreachable.ts"
import { CoreView } from "./core-view.ts"
import type { MarathonView } from "./view.ts"

/** Rounds in which the consequences of one input must settle; more is a bug, not load. */
const SETTLE_LIMIT = 10_000

/**
 * Marathon as a pure machine: apps, deployments and instances in; scheduler calls, writes, probes,
 * replies and events out. Late, repeated and reordered inputs do no harm.
 */
export class Marathon {
  readonly #core: Core
  readonly view: MarathonView
  #armed: number | undefined

  /** Recovers the state from all stored entries under /marathon/; none at the very first start. */
  constructor(entries: Entries, options: MarathonOptions, now: number) {
    this.#core = new Core(recoverState(entries, now), options)
    this.#core.now = now
    this.view = new CoreView(this.#core)
  }

  step(input: MarathonInput, now: number, out: MarathonEffect[]): void {
    const core = this.#core
    core.now = now
    core.out = out
    if (input.kind === "wake") this.#armed = undefined
    this.#take(input)
    this.#takeAlarms()
    this.#settle()
    settleRoles(core)
    settleDemand(core)
    this.#arm()
  }

  #take(input: MarathonInput): void {
    const core = this.#core
    switch (input.kind) {
      case "wake":
        return
      case "start":
        return this.#start()
      case "event":
        return this.#takeEvent(input.event)
      case "disconnected":
        return takeDisconnected(core)
      case "probed":
        return this.#takeProbe(input.result)
      case "callRefused":
        return takeRefusal(core, input.call)
      case "command": {
        const reply = takeCommand(core, this.view, input.command)
        this.#settle()
        core.out.push({ kind: "reply", request: input.request, reply })
        return
      }
      default:
        return input satisfies never
    }
  }

  #start(): void {
    const core = this.#core
    core.out.push({ kind: "put", key: keys.schema, value: { version: SCHEMA_VERSION } })
    for (const app of core.state.apps.values()) {
      core.dirty.add(app.id)
      core.armDelay(app)
    }
    for (const instance of core.state.instances.values()) {
      watchUnreachable(core, instance)
      watchHealth(core, instance)
      watchReadiness(core, instance)
      if (instance.task?.killRequestedAt !== undefined) requestKill(core, instance)
    }
    core.alarms.set("scale", core.now + core.options.scaleIntervalMs)
    core.alarms.set("tokens", core.now + core.options.launchTokenRefreshMs)
    subscribe(core)
  }

  #takeEvent(event: scheduler.Event): void {
    const core = this.#core
    switch (event.kind) {
      case "subscribed":
        return takeSubscribed(core, event)
      case "offers":
        return takeOffers(core, event.offers ?? [])
      case "update":
        return takeStatus(core, event.status)
      case "error":
        return takeError(core, event.message)
      case "message":
        return core.publish("framework_message_event", {
          executorId: event.executorId,
          slaveId: event.agentId,
          message: Array.from(atob(event.data), (byte) => byte.charCodeAt(0)),
        })
      case "rescind":
      case "inverseOffers":
      case "rescindInverseOffer":
      case "updateOperationStatus":
      case "failure":
      case "heartbeat":
        return
      default:
        return event satisfies never
    }
  }

  #takeProbe({ id, outcome }: ProbeResult): void {
    const core = this.#core
    const name = parseProbeName(id)
    const instance = name === undefined ? undefined : core.state.instanceOfTask(name.taskId)
    if (name === undefined || instance === undefined) return
    if (name.purpose === "readiness") return takeReadiness(core, instance, outcome)
    takeHealth(core, instance, name.index, outcome)
  }

  #takeAlarms(): void {
    const core = this.#core
    takeInstanceAlarms(core)
    takeDelayAlarms(core)
    retryKills(core)
    this.#takeProbeAlarms()
    for (;;) {
      const alarm = core.alarms.takeDue(core.now)
      if (alarm === undefined) return
      this.#takeAlarm(alarm)
    }
  }

  #takeAlarm(alarm: Alarm): void {
    const core = this.#core
    switch (alarm) {
      case "subscribe":
        return subscribe(core)
      case "reconcile":
        core.alarms.set("reconcile", core.now + core.options.reconciliationIntervalMs)
        return reconcile(core)
      case "scale":
        core.alarms.set("scale", core.now + core.options.scaleIntervalMs)
        for (const id of core.state.apps.keys()) core.dirty.add(id)
        return
      case "revive":
        return // settleDemand looks again at the end of this step.
      case "repeatRevive":
        return repeatRevive(core)
      case "tokens":
        core.alarms.set("tokens", core.now + core.options.launchTokenRefreshMs)
        return refillTokens(core)
      case "decline":
        return declineUnanswered(core)
      default:
        return alarm satisfies never
    }
  }

  #takeProbeAlarms(): void {
    const core = this.#core
    for (;;) {
      const key = core.probeAlarms.takeDue(core.now)
      if (key === undefined) return
      const name = parseProbeName(key)
      const instance = name === undefined ? undefined : core.state.instanceOfTask(name.taskId)
      if (name === undefined || instance === undefined) continue
      if (name.purpose === "readiness") probeReadiness(core, instance, key)
      else probeHealth(core, instance, name.index, key)
    }
  }

  /** Lets every change of an app have its consequences, until nothing moves any more. */
  #settle(): void {
    const { dirty, state } = this.#core
    for (let round = 0; dirty.size > 0; round++) {
      assert(round < SETTLE_LIMIT, "the consequences of a step settle")
      const ids = [...dirty]
      dirty.clear()
      for (const id of ids) {
        const holder = state.locks.get(id)
        if (holder === undefined) checkScale(this.#core, id)
        else advanceDeployment(this.#core, holder, id)
      }
    }
  }

  #arm(): void {
    const at = this.#core.nextAlarm()
    if (at === undefined || at === this.#armed) return
    this.#armed = at
    this.#core.out.push({ kind: "wakeAt", at })
  }
}
