import { describe, expect, test } from "bun:test"
import type { MachineId, OfferId, maintenance } from "#lib/mesos/index.ts"
import { Bench, frameworkInfo, registration, taskInfo, type TestScheduler } from "./builders.ts"

const PA = frameworkInfo({ roles: ["*"] })
const A1: MachineId = { hostname: "a1", ip: "10.0.0.1" }
const SOON = { start: { nanoseconds: 5e15 }, duration: { nanoseconds: 3.6e12 } }

const windows = (...machineIds: MachineId[]): maintenance.Schedule => ({
  windows: [{ machineIds, unavailability: SOON }],
})
const schedule = (bench: Bench, plan: maintenance.Schedule) =>
  bench.operate({ kind: "updateMaintenanceSchedule", schedule: plan })
const down = (bench: Bench, ...machines: MachineId[]) =>
  bench.operate({ kind: "startMaintenance", machines })
const up = (bench: Bench, ...machines: MachineId[]) =>
  bench.operate({ kind: "stopMaintenance", machines })
const asked = (bench: Bench, { stream }: TestScheduler) =>
  bench.events(stream, "inverseOffers").flatMap(({ inverseOffers = [] }) => inverseOffers)
const restart = (bench: Bench) => new Bench({ store: bench.store, now: bench.now })

function running() {
  const bench = new Bench()
  const agent = bench.register()
  const marathon = bench.subscribe(PA)
  bench.launch(marathon, [taskInfo("t1", agent.id)])
  bench.clear()
  return { bench, agent, marathon }
}

describe("UPDATE_MAINTENANCE_SCHEDULE", () => {
  test("makes the agent's offers carry the time, taking back the old ones", () => {
    const bench = new Bench()
    bench.register()
    bench.register({ info: { ...registration().info, hostname: "a2" } })
    const marathon = bench.subscribe(PA)
    bench.clear()
    expect(schedule(bench, windows({ hostname: "A1", ip: "10.0.0.1" })).status).toBe(200)
    expect(bench.events(marathon.stream, "rescind")).toHaveLength(1)
    expect(bench.offers(marathon)).toMatchObject([{ hostname: "a1", unavailability: SOON }])
    bench.clear()
    schedule(bench, {})
    expect(bench.offers(marathon)[0]).not.toHaveProperty("unavailability")
    expect([...bench.store.keys()].some((key) => key.startsWith("/maintenance"))).toBe(false)
  })

  test("survives a restart", () => {
    const { bench, agent } = running()
    schedule(bench, windows(A1))
    const later = restart(bench)
    expect(later.master.view.maintenance.schedule).toEqual(windows(A1))
    later.register({ agentId: agent.id })
    const marathon = later.subscribe(PA)
    expect(later.offers(marathon)).toMatchObject([{ unavailability: SOON }])
    expect(later.master.view.maintenanceStatus()).toEqual({
      drainingMachines: [{ id: A1, statuses: [] }],
      downMachines: [],
    })
  })

  test.each([
    ["an empty window", windows(), "List of machines in the maintenance window is empty"],
    ["a nameless machine", windows({}), "Both 'hostname' and 'ip' for a machine are empty"],
    ["a bad address", windows({ ip: "10.0.0" }), "Failed to parse IP '10.0.0'"],
    [
      "a machine twice",
      windows(A1, { ...A1, hostname: "A1" }),
      `Machine '{"hostname":"A1","ip":"10.0.0.1"}' appears more than once in the schedule`,
    ],
    [
      "a negative time",
      {
        windows: [
          {
            machineIds: [A1],
            unavailability: { start: { nanoseconds: 0 }, duration: { nanoseconds: -1 } },
          },
        ],
      },
      "Unavailability 'duration' is negative",
    ],
  ])("refuses %s", (_what, plan, message) => {
    expect(schedule(new Bench(), plan)).toEqual({ status: 400, message })
  })

  test("and a drain exclude each other", () => {
    const { bench, agent } = running()
    schedule(bench, windows(A1))
    expect(bench.operate({ kind: "drainAgent", agentId: agent.id }).status).toBe(400)
    schedule(bench, {})
    expect(bench.operate({ kind: "drainAgent", agentId: agent.id }).status).toBe(200)
    expect(schedule(bench, windows(A1)).status).toBe(400)
  })
})

describe("START_MAINTENANCE and STOP_MAINTENANCE", () => {
  test("remove the agent, keep it out until the machine is up, and survive a restart", () => {
    const { bench, agent, marathon } = running()
    schedule(bench, windows(A1))
    expect(down(bench, A1).status).toBe(200)
    expect(bench.sent(agent.link, "shutdown")).toHaveLength(1)
    expect(bench.statuses(marathon)).toMatchObject([
      { taskId: "t1", state: "TASK_LOST", reason: "REASON_AGENT_REMOVED" },
    ])
    const later = restart(bench)
    expect(later.master.view.recoveredAgents.size).toBe(0)
    expect(later.master.view.maintenanceStatus().downMachines).toEqual([A1])
    const link = later.openLink()
    later.fromAgent(link, registration())
    expect(later.sent(link, "shutdown")).toHaveLength(1)
    expect(schedule(later, {}).message).toEndWith("cannot be removed from the schedule")
    expect(up(later, A1).status).toBe(200)
    expect(later.master.view.maintenance.machines.size).toBe(0)
    later.register()
    expect(restart(later).master.view.maintenance.schedule).toEqual({})
  })

  test("are refused for machines that are in another mode, unknown or not named", () => {
    const bench = new Bench()
    const name = `Machine '{"hostname":"a1","ip":"10.0.0.1"}'`
    expect(down(bench).message).toBe("List of machines is empty")
    expect(down(bench, A1).message).toBe(`${name} is not part of a maintenance schedule`)
    schedule(bench, windows(A1))
    expect(up(bench, A1).message).toBe(`${name} is not in DOWN mode and cannot be brought up`)
    down(bench, A1)
    expect(down(bench, A1).message).toBe(
      `${name} is not in DRAINING mode and cannot be brought down`,
    )
  })
})

describe("inverse offers", () => {
  function scheduled() {
    const { bench, agent, marathon } = running()
    const idle = bench.subscribe(frameworkInfo({ name: "idle" }), { suppressedRoles: ["*"] })
    schedule(bench, windows(A1))
    return { bench, agent, marathon, idle }
  }
  const answer = (
    bench: Bench,
    marathon: TestScheduler,
    id: OfferId,
    kind: "acceptInverseOffers" | "declineInverseOffers",
    refuseSeconds = 30,
  ) => bench.call(marathon, { kind, inverseOfferIds: [id], filters: { refuseSeconds } })

  test("go to frameworks with resources there, one at a time", () => {
    const { bench, agent, marathon, idle } = scheduled()
    bench.advance(10_000)
    expect(asked(bench, marathon)).toMatchObject([
      { frameworkId: marathon.id, agentId: agent.id, unavailability: SOON },
    ])
    expect(asked(bench, idle)).toEqual([])
    expect(bench.master.view.inverseOffers.size).toBe(1)
  })

  test.each([
    ["acceptInverseOffers", "ACCEPT"],
    ["declineInverseOffers", "DECLINE"],
  ] as const)("answered by %s are kept for the operator, and asked again later", (kind, status) => {
    const { bench, marathon } = scheduled()
    const [offer] = asked(bench, marathon)
    expect(answer(bench, marathon, offer!.id, kind).status).toBe(202)
    const timestamp = { nanoseconds: bench.now * 1_000_000 }
    expect(bench.master.view.maintenanceStatus().drainingMachines).toEqual([
      { id: A1, statuses: [{ status, frameworkId: marathon.id, timestamp }] },
    ])
    bench.advance(29_000)
    expect(asked(bench, marathon)).toHaveLength(1)
    bench.advance(2_000)
    expect(asked(bench, marathon)).toHaveLength(2)
    // A late copy of the answer is ignored.
    expect(answer(bench, marathon, offer!.id, kind).status).toBe(202)
    expect(bench.master.view.inverseOffers.size).toBe(1)
  })

  test("come again at once after REVIVE", () => {
    const { bench, marathon } = scheduled()
    answer(bench, marathon, asked(bench, marathon)[0]!.id, "declineInverseOffers", 3_600)
    bench.call(marathon, { kind: "revive" })
    bench.advance(1_000)
    expect(asked(bench, marathon)).toHaveLength(2)
  })

  test.each([
    ["the schedule changes", (bench: Bench) => void schedule(bench, {})],
    ["the machine goes down", (bench: Bench) => void down(bench, A1)],
    ["the agent is unreachable", (bench: Bench) => bench.advance(90_000)],
  ])("are rescinded when %s", (_when, act) => {
    const { bench, marathon } = scheduled()
    const [offer] = asked(bench, marathon)
    act(bench)
    expect(bench.events(marathon.stream, "rescindInverseOffer")).toEqual([
      { kind: "rescindInverseOffer", inverseOfferId: offer!.id },
    ])
    expect(bench.master.view.inverseOffers.size).toBe(0)
  })

  test("start anew with a framework's new stream", () => {
    const { bench, marathon } = scheduled()
    const again = bench.subscribe({ ...PA, id: marathon.id })
    bench.advance(1_000)
    expect(asked(bench, again)).toHaveLength(1)
    expect(bench.master.view.inverseOffers.size).toBe(1)
  })
})
