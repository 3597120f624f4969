/** Section 5.5 of the reference: every metric that has a meaning here, by its name, and what moves it. */
import { describe, expect, test } from "bun:test"
import { agentApi } from "./agent-harness.ts"
import { dig, until, type Json } from "./master-harness.ts"
import { AGENT_CAPABILITIES, JSON_TYPE, Scene, enumNames, launch, scalar } from "./mesos-scene.ts"

const words = (text: string): string[] => text.trim().split(/\s+/)
const R = ["cpus", "gpus", "mem", "disk"]
const ofResources = (prefix: string): string[] =>
  R.flatMap((name) =>
    ["", "_revocable"].flatMap((kind) =>
      ["total", "used", "percent"].map((what) => `${prefix}/${name}${kind}_${what}`),
    ),
  )
const timer = (name: string): string[] => [
  name,
  ...words("count min max p50 p90 p95 p99 p999 p9999").map((part) => `${name}/${part}`),
]
const lower = (full: string): string[] => enumNames(full).map((name) => name.toLowerCase())
const resourceOperations = lower("mesos.v1.Offer.Operation.Type").filter(
  (type) => !type.startsWith("launch"),
)

const MASTER = [
  ...words(`uptime_secs elected event_queue_messages event_queue_dispatches
    event_queue_http_requests dropped_messages http_cache_hits outstanding_offers
    operator_event_stream_subscribers slaves_connected slaves_disconnected slaves_active
    slaves_inactive slaves_unreachable slave_registrations slave_reregistrations slave_removals
    slave_removals/reason_registered slave_removals/reason_unhealthy
    slave_removals/reason_unregistered slave_unreachable_scheduled slave_unreachable_completed
    slave_unreachable_canceled slave_shutdowns_scheduled slave_shutdowns_completed
    slave_shutdowns_canceled recovery_slave_removals frameworks_connected frameworks_disconnected
    frameworks_active frameworks_inactive tasks_staging tasks_starting tasks_running tasks_killing
    tasks_unreachable tasks_finished tasks_failed tasks_killed tasks_lost tasks_error tasks_dropped
    tasks_gone tasks_gone_by_operator`),
  ...words(`register_framework reregister_framework unregister_framework deactivate_framework
    kill_task status_update_acknowledgement operation_status_update_acknowledgement
    resource_request launch_tasks decline_offers revive_offers suppress_offers reconcile_tasks
    reconcile_operations framework_to_executor executor_to_framework register_slave
    reregister_slave unregister_slave status_update operation_status_update exited_executor
    update_slave authenticate`).map((name) => `messages_${name}`),
  ...words(`framework_to_executor_messages executor_to_framework_messages status_updates
    status_update_acknowledgements operation_status_updates
    operation_status_update_acknowledgements`).flatMap((name) => [
    `valid_${name}`,
    `invalid_${name}`,
  ]),
  ...["", ...resourceOperations.map((type) => `${type}/`)].flatMap((type) =>
    words(
      "total pending recovering unreachable finished failed error dropped gone_by_operator",
    ).map((state) => `operations/${type}${state}`),
  ),
].map((name) => `master/${name}`)

const TERMINAL = words("finished failed killed error lost dropped gone gone_by_operator").map(
  (state) => `task_${state}`,
)
const ofFramework = (id: string): string[] =>
  [
    "subscribed",
    "calls",
    ...lower("mesos.v1.scheduler.Call.Type").map((type) => `calls/${type}`),
    "events",
    ...lower("mesos.v1.scheduler.Event.Type").map((type) => `events/${type}`),
    ...words("sent accepted declined rescinded").map((what) => `offers/${what}`),
    "operations",
    ...lower("mesos.v1.Offer.Operation.Type").map((type) => `operations/${type}`),
    "roles/*/suppressed",
    ...lower("mesos.v1.TaskState").map(
      (state) => `tasks/${TERMINAL.includes(state) ? "terminal" : "active"}/${state}`,
    ),
  ].map((name) => `master/frameworks/a%20b%2Fc/${id}/${name}`)

const ALLOCATOR = [
  "allocator/mesos/allocation_runs",
  "allocator/mesos/event_queue_dispatches",
  ...timer("allocator/mesos/allocation_run_ms"),
  ...timer("allocator/mesos/allocation_run_latency_ms"),
  ...["cpus", "mem", "disk"].flatMap((name) =>
    ["total", "offered_or_allocated"].map((what) => `allocator/mesos/resources/${name}/${what}`),
  ),
  "allocator/mesos/offer_filters/roles/*/active",
  "allocator/mesos/roles/*/shares/dominant",
  ...words("guarantee limit offered_or_allocated").map(
    (what) => `allocator/mesos/quota/roles/db/resources/cpus/${what}`,
  ),
]
const REGISTRAR = [
  ...words(
    "queued_operations registry_size_bytes state_fetch_ms log/recovered log/ensemble_size",
  ).map((name) => `registrar/${name}`),
  ...timer("registrar/state_store_ms"),
]
const SYSTEM = words(
  "cpus_total load_1min load_5min load_15min mem_total_bytes mem_free_bytes",
).map((name) => `system/${name}`)
const system = Object.fromEntries(SYSTEM.map((name) => [name, 1]))

/** A master on which some of everything has happened. */
async function busy() {
  const scene = await Scene.open(
    JSON_TYPE,
    { name: "a b/c", principal: "p" },
    { systemMetrics: () => system },
  )
  const agent = await scene.master.agent({ capabilities: AGENT_CAPABILITIES })
  await scene.running(agent)
  await scene.answered(200, {
    type: "UPDATE_QUOTA",
    update_quota: {
      quota_configs: [
        { role: "db", guarantees: { cpus: { value: 1 } }, limits: { cpus: { value: 2 } } },
      ],
    },
  })
  return { scene, agent, metrics: () => scene.master.get("/metrics/snapshot") }
}

describe("a master", () => {
  test("shows every name from the start, each with a number", async () => {
    const { scene, metrics } = await busy()
    const found = await metrics()
    const wanted = [
      ...MASTER,
      ...ofResources("master"),
      ...ofFramework(scene.id),
      ...ALLOCATOR,
      ...REGISTRAR,
      ...SYSTEM,
      "frameworks/p/messages_received",
      "frameworks/p/messages_processed",
    ]
    expect(wanted.filter((name) => typeof found[name] !== "number")).toEqual([])
    // A name that is in no list is one that this test, or the reference, does not know.
    expect(Object.keys(found).filter((name) => !wanted.includes(name))).toEqual([])
  })

  test("tells GET_METRICS and Prometheus the same names and numbers", async () => {
    const { scene, metrics } = await busy()
    const found = await metrics()
    const answer = await scene.answered(200, { type: "GET_METRICS", get_metrics: {} })
    const listed = dig(answer, "get_metrics", "metrics") as { name: string; value?: number }[]
    expect(listed.map(({ name }) => name).sort()).toEqual(Object.keys(found).sort())
    const text = await (await scene.master.api.request("/metrics")).text()
    expect(text).toContain("mesos_master_tasks_running 1")
  })

  test("counts what a framework does and hears", async () => {
    const { scene, agent, metrics } = await busy()
    await scene.accepted({ type: "SUPPRESS" })
    const before = await metrics()
    await scene.accepted({ type: "REVIVE", revive: { roles: ["foreign"] } })
    const kill = { task_id: { value: "web" } }
    await scene.accepted({ type: "KILL", kill })
    await scene.accepted({ type: "DECLINE", decline: { offer_ids: [{ value: "gone" }] } })
    await scene.accepted({ type: "RECONCILE", reconcile: {} })
    scene.tell(agent, { taskId: "web", state: "TASK_KILLED" })
    await until("the end of the task", () =>
      scene.stream.events.some(
        (event) => dig(event, "update", "status", "state") === "TASK_KILLED",
      ),
    )
    const after = await metrics()
    const grown = (prefix: string): Json =>
      Object.fromEntries(
        Object.keys(after)
          .filter((name) => name.startsWith(prefix) && after[name] !== before[name])
          .map((name) => [
            name.slice(prefix.length),
            (after[name] as number) - ((before[name] ?? 0) as number),
          ]),
      )
    expect(grown(`master/frameworks/a%20b%2Fc/${String(scene.id)}/`)).toEqual({
      calls: 4,
      "calls/revive": 1,
      "calls/kill": 1,
      "calls/decline": 1,
      "calls/reconcile": 1,
      events: 2,
      "events/update": 2,
      "tasks/active/task_running": -1,
      "tasks/terminal/task_killed": 1,
    })
    expect(grown("frameworks/p/")).toEqual({ messages_received: 4, messages_processed: 4 })
    expect(grown("master/messages_")).toEqual({
      revive_offers: 1,
      kill_task: 1,
      decline_offers: 1,
      reconcile_tasks: 1,
      status_update: 1,
    })
    expect(grown("master/tasks_")).toEqual({ running: -1, killed: 1 })
  })

  test("names the state, the source and the reason of a status on first use", async () => {
    const { scene, metrics } = await busy()
    await scene.accepted({
      type: "ACCEPT",
      accept: {
        offer_ids: [{ value: "gone" }],
        operations: [launch("late", { agent_id: { value: "a" } })],
      },
    })
    await scene.accepted({ type: "RECONCILE", reconcile: {} })
    const found = await metrics()
    expect(found["master/task_dropped/source_master/reason_invalid_offers"]).toBe(1)
    expect(found["master/task_running/source_master/reason_reconciliation"]).toBe(1)
  })

  test("counts operations by type and outcome", async () => {
    const { scene, agent, metrics } = await busy()
    const reservations = [{ type: "DYNAMIC", role: "db" }]
    const resources = [{ ...scalar("cpus", 1), reservations }]
    const reserve_resources = { agent_id: { value: agent.id }, resources }
    await scene.answered(202, { type: "RESERVE_RESOURCES", reserve_resources })
    expect(await metrics()).toMatchObject({
      "master/operations/total": 1,
      "master/operations/pending": 1,
      "master/operations/reserve/pending": 1,
      "master/operations/create/total": 0,
    })
  })

  test.each([
    ["half a character", "a\ud800", "a%EF%BF%BD"],
    ["a text without end", "x".repeat(100_000), "x".repeat(255)],
  ])("is not broken by a framework whose name is %s", async (_, name, shown) => {
    const scene = await Scene.open(JSON_TYPE, { name, principal: name })
    const found = await scene.master.get("/metrics/snapshot")
    expect(found[`master/frameworks/${shown}/${String(scene.id)}/calls`]).toBe(1)
    expect(found[`frameworks/${shown}/messages_received`]).toBe(1)
    for (const path of ["/metrics", "/state", "/state-summary", "/frameworks", "/roles"])
      expect((await scene.master.api.request(path)).status).toBe(200)
    await scene.answered(200, { type: "GET_METRICS", get_metrics: {} })
    await scene.answered(200, { type: "GET_STATE" })
  })

  test("forgets what it counted of a framework that is removed, and of its principal", async () => {
    const { scene, metrics } = await busy()
    await scene.accepted({ type: "TEARDOWN" })
    const names = Object.keys(await metrics())
    expect(names.filter((name) => /^(master\/)?frameworks\//.test(name))).toEqual([])
  })
})

describe("an agent", () => {
  const AGENT = [
    ...words(`uptime_secs registered recovery_errors recovery_time_secs frameworks_active
      executors_registering executors_running executors_terminating executors_terminated
      executors_preempted container_launch_errors executor_directory_max_allowed_age_secs
      tasks_staging tasks_starting tasks_running tasks_killing tasks_finished tasks_failed
      tasks_killed tasks_lost tasks_gone valid_status_updates invalid_status_updates
      valid_framework_messages invalid_framework_messages`).map((name) => `slave/${name}`),
    ...ofResources("slave"),
    "containerizer/mesos/container_destroy_errors",
    ...words("task_fetches_succeeded task_fetches_failed").map(
      (name) => `containerizer/fetcher/${name}`,
    ),
    ...words("pending succeeded failed").map((name) => `gc/path_removals_${name}`),
  ]

  test("shows every name from the start, each with a number", async () => {
    const response = await agentApi()("/metrics/snapshot")
    const found = (await response.json()) as Json
    expect(AGENT.filter((name) => typeof found[name] !== "number")).toEqual([])
  })
})
