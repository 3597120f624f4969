import { describe, expect, test } from "bun:test"
import { runInMemory } from "#lib/cli/memory-terminal.ts"
import { table } from "../../table.ts"

const REASONS = [
  "UnfulfilledRole",
  "UnfulfilledConstraint",
  "NoCorrespondingReservationFound",
  "AgentMaintenance",
  "InsufficientCpus",
  "InsufficientMemory",
  "InsufficientDisk",
  "InsufficientGpus",
  "InsufficientPorts",
  "DeclinedScarceResources",
]

/** Four offers: one of another role, two of the rest without enough CPUs. */
const DECLINED: Readonly<Record<string, number>> = { UnfulfilledRole: 1, InsufficientCpus: 2 }

function summary() {
  let left = 4
  return REASONS.map((reason) => {
    const processed = left
    const declined = DECLINED[reason] ?? 0
    left -= declined
    return { reason, declined, processed }
  })
}

const offer = (agent: string, ...reason: string[]) => ({
  offer: { agentId: agent, hostname: `${agent}.example` },
  reason,
  timestamp: "2024-01-01T00:00:00Z",
})

const QUEUE = [
  {
    count: 2,
    role: "dev",
    since: "2024-01-01T00:00:00Z",
    delay: { overdue: true, timeLeftSeconds: 0 },
    app: { id: "/big", cpus: 1000, mem: 128, disk: 0, constraints: [["hostname", "UNIQUE"]] },
    processedOffersSummary: {
      processedOffersCount: 4,
      unusedOffersCount: 3,
      lastUnusedOfferAt: "2024-01-01T00:01:00Z",
      lastUsedOfferAt: null,
      rejectSummaryLastOffers: summary(),
    },
    lastUnusedOffers: [
      offer("a1", "InsufficientCpus", "InsufficientPorts"),
      offer("a2", "InsufficientCpus"),
      offer("a3", "UnfulfilledRole"),
    ],
  },
]

const debug = (line: string, queue: unknown = QUEUE) =>
  runInMemory(table, `marathon debug ${line}`, {
    routes: { "GET /service/marathon/v2/queue": { queue } },
  })

describe("dcos marathon debug", () => {
  test("list shows what waits", async () => {
    expect((await debug("list")).out).toMatchInlineSnapshot(`
      "   ID          SINCE          INSTANCES TO LAUNCH  WAITING  PROCESSED OFFERS  UNUSED OFFERS   LAST UNUSED OFFER    LAST USED OFFER  
        /big  2024-01-01T00:00:00Z                    2  true                    4              3  2024-01-01T00:01:00Z  ---              
      "
    `)
    expect(JSON.parse((await debug("list --json")).out)).toEqual(QUEUE)
  })

  test("summary shows what did not fit, and on how many agents", async () => {
    const { out, errors } = await debug("summary big")
    expect(out).toMatchInlineSnapshot(`
      "   RESOURCE         REQUESTED       MATCHED  PERCENTAGE  
        ROLE         [dev]                3 / 4        75.00%  
        CONSTRAINTS  [[hostname UNIQUE]]  3 / 3       100.00%  
        CPUS                        1000  1 / 3        33.33%  
        MEM                          128  1 / 1       100.00%  
        DISK                           0  1 / 1       100.00%  
        PORTS                          0  1 / 1       100.00%  
      "
    `)
    expect(errors).toMatchInlineSnapshot(`
      "/big waits to launch 2 instance(s):
        ROLE did not fit on 1 of 3 agent(s)
        CPUS did not fit on 2 of 3 agent(s)
        PORTS did not fit on 1 of 3 agent(s)
      "
    `)
  })

  test("summary says when an app waits because its tasks fail", async () => {
    const queue = QUEUE.map((item) => ({ ...item, delay: { overdue: false, timeLeftSeconds: 7 } }))
    const { errors } = await debug("summary big", queue)
    expect(errors).toStartWith("/big waits 7 s before its next start, because its tasks failed:\n")
    expect(errors).toContain("`dcos marathon delay reset /big`")
  })

  test("details shows each refused offer", async () => {
    expect((await debug("details /big")).out).toMatchInlineSnapshot(`
      "   HOSTNAME   ROLE  CONSTRAINTS  CPUS  MEM  DISK  PORTS  SCARCE        RECEIVED        
        a1.example  ok    ok           -     ok   ok    -      ok      2024-01-01T00:00:00Z  
        a2.example  ok    ok           -     ok   ok    ok     ok      2024-01-01T00:00:00Z  
        a3.example  -     ok           ok    ok   ok    ok     ok      2024-01-01T00:00:00Z  
      "
    `)
  })

  test("asks Marathon for the refused offers", async () => {
    expect((await debug("details big")).calls[0]?.query).toEqual({ embed: "lastUnusedOffers" })
  })

  test.each([
    ["summary x", QUEUE, "couldn't find app /x in Marathon queue"],
    ["details x", [], "no apps found in Marathon queue"],
  ])("`%s` is refused", async (line, queue, message) => {
    expect(await debug(line, queue)).toMatchObject({ code: 1, errors: `Error: ${message}\n` })
  })
})
