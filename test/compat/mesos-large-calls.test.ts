/**
 * Calls that are as large as a body may be and ask for as much as they can: what they cost grows with
 * their size, what they are told is short, and what has no use in such numbers is refused.
 */
import { describe, expect, test } from "bun:test"
import { dig, until, type Json } from "./master-harness.ts"
import { AGENT_CAPABILITIES, JSON_TYPE, Scene, launch, scalar } from "./mesos-scene.ts"

const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))
/** Characters of a message at most, with the dots that say that it goes on. */
const CLIPPED = 1_003

const statuses = (scene: Scene): Json[] =>
  scene.stream.events
    .filter((event) => event["type"] === "UPDATE")
    .map((event) => dig(event, "update", "status") as Json)

/** A framework with the offer of an agent. */
async function open() {
  const scene = await Scene.open(JSON_TYPE)
  const agent = await scene.master.agent({ capabilities: AGENT_CAPABILITIES })
  return { scene, agent, offer: await scene.offer() }
}

describe("a task", () => {
  test.each<[string, (index: number) => object]>([
    ["of 20,000 kinds of resources", (index) => scalar(`r${index}`, 1)],
    [
      "of 20,000 kinds that may be taken away",
      (index) => ({ ...scalar(`r${index}`, 1), revocable: {} }),
    ],
    [
      "of 20,000 volumes",
      (index) => ({
        ...scalar("disk", 1),
        reservations: [{ type: "DYNAMIC", role: "db" }],
        disk: {
          persistence: { id: `v${index}` },
          volume: { container_path: "d", mode: "RW" },
        },
      }),
    ],
  ])("%s is refused in a few words", async (_, make) => {
    const { scene, offer } = await open()
    await scene.accept(offer, launch("web", offer, { resources: many(20_000, make) }))
    await until("the refusal", () => statuses(scene).length === 1)
    const [status] = statuses(scene)
    expect(status).toMatchObject({ state: "TASK_ERROR", reason: "REASON_TASK_INVALID" })
    expect(String(status?.["message"])).toStartWith("Total resources ")
    expect(String(status?.["message"])).toHaveLength(CLIPPED)
    scene.master.driver.checkInvariants()
  })

  test("of 50,000 ranges is refused in a few words", async () => {
    const { scene, offer } = await open()
    const range = many(50_000, (index) => ({ begin: 2 * index, end: 2 * index }))
    const resources = [scalar("cpus", 0.1), { name: "ports", type: "RANGES", ranges: { range } }]
    await scene.accept(offer, launch("web", offer, { resources }))
    await until("the refusal", () => statuses(scene).length === 1)
    expect(String(statuses(scene)[0]?.["message"])).toHaveLength(CLIPPED)
  })
})

test("a group that is refused tells each of its tasks why, in a few words", async () => {
  const { scene, offer } = await open()
  const tasks = many(1_000, (index) => ({
    ...(launch(`t${index}`, offer).launch.task_infos[0] as object),
    resources: [scalar("cpus", 0.1), scalar("mem", 1), scalar(`${"name".repeat(50)}${index}`, 1)],
  }))
  await scene.accept(offer, {
    type: "LAUNCH_GROUP",
    launch_group: {
      executor: {
        type: "DEFAULT",
        executor_id: { value: "pod" },
        framework_id: scene.frameworkId,
        resources: [scalar("cpus", 0.1), scalar("mem", 32), scalar("disk", 1)],
      },
      task_group: { tasks },
    },
  })
  await until("the refusals", () => statuses(scene).length === 1_000)
  for (const { message } of statuses(scene)) expect(String(message)).toHaveLength(CLIPPED)
})

test("a large executor is not looked at anew for each task that names it", async () => {
  const { scene, offer } = await open()
  const variables = many(50_000, (index) => ({ name: `A${index}`, value: "x" }))
  const large = {
    executor_id: { value: "e" },
    command: { value: "run", environment: { variables } },
  }
  const small = { executor_id: { value: "e" }, command: { value: "run" } }
  const tasks = many(2_000, (index) =>
    launch(`t${index}`, offer, { command: undefined, executor: small }),
  )
  await scene.accept(
    offer,
    launch("first", offer, { command: undefined, executor: large }),
    ...tasks,
  )
  await until("the refusals", () => statuses(scene).length === 2_000)
  expect(statuses(scene).at(-1)?.["message"]).toContain("not compatible with the live executor 'e'")
}, 20_000)

test("a framework reconciles 20,000 tasks at once", async () => {
  const { scene, agent } = await open()
  const agent_id = { value: agent.id }
  const tasks = many(20_000, (index) => ({ task_id: { value: `t${index}` }, agent_id }))
  await scene.accepted({ type: "RECONCILE", reconcile: { tasks } })
  await until("the answers", () => statuses(scene).length === 20_000)
  expect(statuses(scene).at(-1)).toMatchObject({ state: "TASK_GONE" })
}, 20_000)

describe("a framework", () => {
  const info = (scene: Scene, change: object) => ({
    user: "svc",
    name: "demo",
    id: scene.frameworkId,
    failover_timeout: 60,
    capabilities: [{ type: "MULTI_ROLE" }],
    roles: ["*"],
    ...change,
  })
  const update = async (change: object, more: object = {}) => {
    const { scene } = await open()
    const update_framework = { framework_info: info(scene, change), ...more }
    const response = await scene.call({ type: "UPDATE_FRAMEWORK", update_framework })
    return [response.status, await response.text()]
  }

  test("has a thousand roles, and not one more", async () => {
    const roles = many(1_001, (index) => `r${index}`)
    expect(await update({ roles: roles.slice(1) })).toEqual([200, ""])
    expect(await update({ roles })).toEqual([
      400,
      "'FrameworkInfo.roles' has 1001 roles; at most 1000 are allowed",
    ])
  })

  test("has a thousand constraints on offers, and not one more", async () => {
    const constraint = { selector: { attribute_name: "rack" }, predicate: { exists: {} } }
    const constraints = (count: number) => ({
      offer_constraints: {
        role_constraints: {
          "*": { groups: [{ attribute_constraints: many(count, () => constraint) }] },
        },
      },
    })
    expect(await update({}, constraints(1_000))).toEqual([200, ""])
    expect(await update({}, constraints(1_001))).toEqual([
      400,
      "There are more than 1000 offer constraints",
    ])
  })

  test("revives and suppresses each of its roles once, however often it names it", async () => {
    const { scene } = await open()
    const roles = many(200_000, () => "*")
    await scene.accepted({ type: "SUPPRESS", suppress: { roles } })
    await scene.accepted({ type: "REVIVE", revive: { roles } })
    const [framework] = scene.master.driver.view.frameworks.values()
    expect([...(framework?.suppressedRoles ?? [])]).toEqual([])
  })
})
