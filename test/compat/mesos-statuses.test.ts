/**
 * Sections 2.6, 5.2 and 6.9 of the reference: what a status says on its way from the agent to the
 * framework, to operators, and in the books that they read.
 */
import { describe, expect, test } from "bun:test"
import type { TaskStatus } from "#lib/mesos/index.ts"
import { dig, until, type Json } from "./master-harness.ts"
import { AGENT_CAPABILITIES, ENCODINGS, JSON_TYPE, Scene, UUID, scalar } from "./mesos-scene.ts"

/** A status that says all that one can say, and its form on the wire. */
const FULL: Partial<TaskStatus> = {
  state: "TASK_RUNNING",
  message: "ended early",
  source: "SOURCE_EXECUTOR",
  reason: "REASON_TASK_CHECK_STATUS_UPDATED",
  data: "AP8=",
  executorId: "web" as never,
  timestamp: 1_700_000_001.25,
  uuid: UUID,
  healthy: false,
  checkStatus: { type: "HTTP", http: { statusCode: 503 } },
  labels: { labels: [{ key: "k", value: "v" }, { key: "bare" }] },
  containerStatus: {
    containerId: { value: "child", parent: { value: "root" } },
    networkInfos: [
      { name: "overlay", ipAddresses: [{ protocol: "IPv4", ipAddress: "9.0.0.2" }] },
      { portMappings: [{ hostPort: 31000, containerPort: 80, protocol: "tcp" }] },
    ],
    cgroupInfo: { netCls: { classid: 7 } },
    executorPid: 4711,
  },
  limitation: {
    resources: [{ name: "mem", value: { kind: "scalar", milli: 32_000 }, reservations: [] }],
  },
}
const WIRE = {
  task_id: { value: "web" },
  state: "TASK_RUNNING",
  message: "ended early",
  source: "SOURCE_EXECUTOR",
  reason: "REASON_TASK_CHECK_STATUS_UPDATED",
  data: "AP8=",
  executor_id: { value: "web" },
  timestamp: 1_700_000_001.25,
  uuid: UUID,
  healthy: false,
  check_status: { type: "HTTP", http: { status_code: 503 } },
  labels: { labels: [{ key: "k", value: "v" }, { key: "bare" }] },
  container_status: {
    container_id: { value: "child", parent: { value: "root" } },
    network_infos: [
      { name: "overlay", ip_addresses: [{ protocol: "IPv4", ip_address: "9.0.0.2" }] },
      { port_mappings: [{ host_port: 31000, container_port: 80, protocol: "tcp" }] },
    ],
    cgroup_info: { net_cls: { classid: 7 } },
    executor_pid: 4711,
  },
  limitation: { resources: [scalar("mem", 32)] },
}

/** A framework with a running task, an operator who watches, and an agent that tells statuses. */
async function open(encoding: string) {
  const scene = await Scene.open(encoding)
  const agent = await scene.master.agent({ capabilities: AGENT_CAPABILITIES })
  await scene.running(agent)
  const watch = await scene.watch()
  const updates = () => scene.stream.events.filter((event) => event["type"] === "UPDATE")
  const tell = async (status: Partial<TaskStatus>): Promise<unknown> => {
    const before = updates().length
    agent.send({
      kind: "update",
      frameworkId: scene.id,
      latestState: status.state ?? "TASK_RUNNING",
      status: { taskId: "web" as never, agentId: agent.id, ...status } as TaskStatus,
    })
    await until("the update", () => updates().length > before)
    return dig(updates().at(-1), "update", "status")
  }
  return { scene, agent, watch, tell }
}

describe.each(ENCODINGS)("in %s", (encoding) => {
  test("a framework hears all that the agent says, and an operator the same", async () => {
    const { agent, watch, tell } = await open(encoding)
    const expected = { ...WIRE, agent_id: { value: agent.id } }
    expect(await tell(FULL)).toEqual(expected)
    const event = await watch.event("TASK_UPDATED")
    expect(dig(event, "task_updated", "status")).toEqual(expected)
  })

  test("GET_TASKS knows the last status of each state, and what is not acknowledged", async () => {
    const { scene, agent, tell } = await open(encoding)
    await tell(FULL)
    const listed = async () =>
      dig(await scene.answered(200, { type: "GET_TASKS" }), "get_tasks", "tasks", 0) as Json
    const task = await listed()
    expect(task).toMatchObject({
      status_update_state: "TASK_RUNNING",
      status_update_uuid: UUID,
      statuses: [{ state: "TASK_RUNNING", healthy: false, timestamp: 1_700_000_001.25 }],
    })
    expect(task["statuses"]).toHaveLength(1)
    await tell({ state: "TASK_KILLING", timestamp: 1_700_000_002, uuid: UUID })
    expect((await listed())["statuses"]).toMatchObject([
      { state: "TASK_RUNNING" },
      { state: "TASK_KILLING" },
    ])
    const agents = await scene.answered(200, { type: "GET_AGENTS" })
    const allocated = [
      { ...scalar("cpus", 0.1), allocation_info: { role: "*" } },
      { ...scalar("mem", 32), allocation_info: { role: "*" } },
    ]
    expect(dig(agents, "get_agents", "agents", 0, "allocated_resources")).toMatchObject(allocated)
    const frameworks = await scene.answered(200, { type: "GET_FRAMEWORKS" })
    expect(dig(frameworks, "get_frameworks", "frameworks", 0)).toMatchObject({
      allocated_resources: allocated,
    })
    expect(agent.received.some(({ kind }) => kind === "acknowledge")).toBe(false)
  })
})

test("the older endpoints show of a status where the task is and how it does", async () => {
  const { scene, tell } = await open(JSON_TYPE)
  await tell(FULL)
  const { tasks } = await scene.master.get("/tasks")
  expect(dig(tasks, 0, "statuses")).toEqual([
    {
      state: "TASK_RUNNING",
      timestamp: 1_700_000_001.25,
      healthy: false,
      labels: [{ key: "k", value: "v" }, { key: "bare" }],
      container_status: {
        container_id: { value: "child", parent: { value: "root" } },
        network_infos: [
          { name: "overlay", ip_addresses: [{ protocol: "IPv4", ip_address: "9.0.0.2" }] },
          { port_mappings: [{ host_port: 31000, container_port: 80, protocol: "tcp" }] },
        ],
        cgroup_info: { net_cls: { classid: 7 } },
        executor_pid: 4711,
      },
    },
  ])
})

test("an answer to RECONCILE repeats health, check and container, and nothing else", async () => {
  const { scene, agent, tell } = await open(JSON_TYPE)
  await tell(FULL)
  const updates = () => scene.stream.events.filter((event) => event["type"] === "UPDATE")
  const before = updates().length
  await scene.accepted({ type: "RECONCILE", reconcile: {} })
  await until("the answer", () => updates().length > before)
  expect(dig(updates().at(-1), "update", "status")).toEqual({
    task_id: { value: "web" },
    agent_id: { value: agent.id },
    state: "TASK_RUNNING",
    source: "SOURCE_MASTER",
    reason: "REASON_RECONCILIATION",
    message: "Reconciliation: Latest task state",
    timestamp: 1_700_000_000,
    healthy: false,
    check_status: WIRE.check_status,
    container_status: WIRE.container_status,
  })
})
