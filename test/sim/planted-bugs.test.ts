/**
 * Whether the simulator notices: each test puts one bug between a machine and its world and expects
 * that some of the first seeds break a rule. The same seeds pass without it (cluster.test.ts).
 */
import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test"
import type { MasterLink } from "#lib/agent/index.ts"
import { QuotaBook } from "#lib/master/core/allocator/quota-book.ts"
import { InverseOfferBook } from "#lib/master/core/inverse-offers.ts"
import { Master } from "#lib/master/index.ts"
import type { AgentToMaster, OfferId } from "#lib/mesos/index.ts"
import { CALM, type Report, type SimulationOptions } from "#lib/sim/index.ts"
import { isTerminal } from "#lib/sim/task-truth.ts"
import { lateStore, tornStore, withoutPath } from "./bad-stores.ts"
import { run } from "./seeds.ts"

// A test runs up to fifteen clusters, which takes seconds where other programs share the machine.
setDefaultTimeout(5 * 60_000)

/** Seeds within which a bug must show. */
const SEEDS = 15

/** The reports of the seeds that broke a rule, the first `wanted` of them. */
function caught(options: Partial<SimulationOptions>, wanted = 3): readonly Report[] {
  const failed: Report[] = []
  for (let seed = 1; seed <= SEEDS && failed.length < wanted; seed++) {
    const report = run(seed, options)
    if (report.violation !== undefined) failed.push(report)
  }
  return failed
}

const rulesOf = (reports: readonly Report[]): readonly (string | undefined)[] =>
  reports.map(({ violation }) => violation?.invariant)

/** Takes having sent an update of a task's end for having it acknowledged, now and then. */
function forgetfulLink(link: MasterLink, receive: (frame: string) => void): MasterLink {
  let ends = 0
  const lost = (message: AgentToMaster): boolean => {
    if (message.kind !== "update" || !isTerminal(message.status.state)) return false
    if (ends++ % 3 > 0) return false
    const { frameworkId, status } = message
    const { taskId, uuid } = status
    receive(JSON.stringify([{ kind: "acknowledge", frameworkId, taskId, uuid }]))
    return true
  }
  return {
    reconnect: (reason) => link.reconnect(reason),
    send(messages) {
      const left = messages.filter((message) => !lost(message))
      if (left.length > 0) link.send(left)
    },
  }
}

/** Never tells that an executor has ended. */
const silentLink = (link: MasterLink): MasterLink => ({
  reconnect: (reason) => link.reconnect(reason),
  send(messages) {
    const left = messages.filter(({ kind }) => kind !== "executorExited")
    if (left.length > 0) link.send(left)
  },
})

/** Tells of every outcome of an operation that it failed, but for the first time. */
function fickleLink(link: MasterLink): MasterLink {
  const told = new Set<string>()
  return {
    reconnect: (reason) => link.reconnect(reason),
    send: (messages) =>
      link.send(
        messages.map((message) => {
          if (message.kind !== "operationUpdate" || !told.has(message.operationUuid)) {
            if (message.kind === "operationUpdate") told.add(message.operationUuid)
            return message
          }
          return { ...message, status: { ...message.status, state: "OPERATION_FAILED" } }
        }),
      ),
  }
}

type Changeable<T> = { -readonly [K in keyof T]: T[K] }
const prototype = Master.prototype as Changeable<Master>
const original = { step: prototype.step, checkInvariants: prototype.checkInvariants }
const { allowance } = QuotaBook.prototype
const { answersOf } = InverseOfferBook.prototype

/** Puts every offer that was accepted back among the outstanding ones. */
function acceptTwice(): void {
  prototype.step = function (this: Master, input, now, out) {
    const { offers, agents, frameworks } = this.view
    const ids = input.kind === "call" && input.call.kind === "accept" ? input.call.offerIds : []
    const accepted = (ids ?? []).flatMap((id) => offers.get(id) ?? [])
    original.step.call(this, input, now, out)
    for (const offer of accepted) {
      ;(offers as Map<OfferId, unknown>).set(offer.id, offer)
      ;(agents.get(offer.agentId)?.offers as Set<unknown> | undefined)?.add(offer)
      ;(frameworks.get(offer.frameworkId)?.offers as Set<unknown> | undefined)?.add(offer)
    }
  }
}

/** Tells operators two of three events of a kind. */
function forgetEvents(kind: string): void {
  let events = 0
  prototype.step = function (this: Master, input, now, out) {
    const before = out.length
    original.step.call(this, input, now, out)
    const told = out.splice(before)
    const lost = (effect: (typeof told)[number]): boolean =>
      effect.kind === "operatorEvent" && effect.event.kind === kind && ++events % 3 === 0
    out.push(...told.filter((effect) => !lost(effect)))
  }
}

describe("a planted bug is noticed:", () => {
  afterEach(() => {
    Object.assign(prototype, original)
    Object.assign(QuotaBook.prototype, { allowance })
    Object.assign(InverseOfferBook.prototype, { answersOf })
  })

  test("effects leave before the commit", () => {
    const reports = caught({ seams: { store: lateStore } })
    expect(rulesOf(reports)).toContain("durable before it leaves")
    expect(reports).toHaveLength(3)
  })

  test("a commit is torn", () => {
    expect(caught({ seams: { store: tornStore } })).toHaveLength(3)
  })

  test.each(["/quota/", "/weights/", "/maintenance/"])("the master forgets %s", (path) => {
    const swarm = { masterCrashMs: 30_000, operatorMs: 2_000 }
    const reports = caught({ swarm, seams: { store: withoutPath(path) } }, 1)
    expect(rulesOf(reports)).toEqual(["what an operator was answered holds"])
  })

  test("an agent forgets what was reserved", () => {
    const swarm = { agentCrashMs: 20_000, operatorMs: 2_000 }
    const reports = caught({ swarm, seams: { store: withoutPath("/agent/resources") } })
    expect(rulesOf(reports)).toContain("what was reserved stays")
  })

  test.each(["taskAdded", "taskUpdated", "frameworkAdded", "agentAdded"])(
    "operators are not told of all that is %s",
    (kind) => {
      forgetEvents(kind)
      expect(caught({}, 1)).toHaveLength(1)
    },
  )

  test("an acknowledgement is taken for granted", () => {
    const options = {
      minutes: 2,
      swarm: { quickPings: false, operatorMs: 0 },
      seams: { masterLink: forgetfulLink },
    }
    expect(rulesOf(caught(options, 1))).toEqual(["all comes to rest once faults stop"])
  })

  test("the end of an executor is not told", () => {
    const swarm = { ...CALM, customExecutors: true }
    const reports = caught({ minutes: 1, agents: 1, swarm, seams: { masterLink: silentLink } }, 1)
    expect(rulesOf(reports)).toEqual(["all comes to rest once faults stop"])
    expect(reports[0]?.violation?.detail).toContain("without tasks")
  })

  test("limits of roles are not kept", () => {
    QuotaBook.prototype.allowance = (_, resources) => ({ resources })
    const reports = caught({ swarm: { operatorMs: 2_000 } }, 1)
    expect(rulesOf(reports)).toEqual(["no offer is beyond a limit"])
  })

  test("answers to inverse offers are forgotten", () => {
    InverseOfferBook.prototype.answersOf = () => []
    const reports = caught({ swarm: { operatorMs: 2_000 } }, 1)
    expect(rulesOf(reports)).toEqual(["an answer counts"])
  })

  test("an operation has two outcomes", () => {
    const swarm = { lostCall: 0.2, operatorMs: 0 }
    const reports = caught({ swarm, seams: { masterLink: fickleLink } }, 1)
    expect(rulesOf(reports)).toEqual(["operations have one outcome"])
  })

  test("an offer can be accepted twice", () => {
    acceptTwice()
    const reports = caught({ swarm: { reuseOffers: true } })
    expect(rulesOf(reports)).toContain("allocated and free are all there is")
    expect(reports).toHaveLength(3)
  })

  test("an offer can be accepted twice, and the master does not find that itself", () => {
    acceptTwice()
    prototype.checkInvariants = () => {}
    expect(caught({ swarm: { reuseOffers: true } })).toHaveLength(3)
  })
})
