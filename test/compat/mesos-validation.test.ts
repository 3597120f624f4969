/** Sections 2.2 to 2.4 of the reference, rule by rule: who is refused, with what reason and words. */
import { describe, expect, test } from "bun:test"
import { TestMaster, TestStream, dig, until, type Json } from "./master-harness.ts"
import { AGENT_CAPABILITIES, JSON_TYPE, Scene, launch, scalar } from "./mesos-scene.ts"
import { resources } from "./master-view.ts"

const MULTI_ROLE = [{ type: "MULTI_ROLE" }]
const constraints = (role: string, groups: readonly object[]) => ({
  offer_constraints: { role_constraints: { [role]: { groups } } },
})
const offerFilter = (quantities: object) => ({
  offer_filters: { a: { min_allocatable_resources: { quantities: [{ quantities }] } } },
})
const predicate = (change: object) => [
  { attribute_constraints: [{ selector: { attribute_name: "rack" }, predicate: change }] },
]

describe("2.2: a SUBSCRIBE that is refused is one ERROR and the end", () => {
  type Row = readonly [what: string, info: object, message: string | RegExp, more?: object]
  const rows: readonly Row[] = [
    ["no name between slashes", { roles: ["a//b"] }, "empty component"],
    ["an empty role", { roles: [""] }, "must not be empty"],
    ["a role of a dot", { roles: ["a/."] }, "disallowed component '.'"],
    ["a role of two dots", { roles: [".."] }, "disallowed component '..'"],
    ["a star below a role", { roles: ["a/*"] }, "disallowed component '*'"],
    ["a role that starts with a dash", { roles: ["a/-b"] }, "starts with a dash"],
    ["white space in a role", { roles: ["a\tb"] }, "whitespace"],
    ["DEL in a role", { roles: ["a\u007fb"] }, "whitespace or a control character"],
    ["half a character in a role", { roles: ["a\ud800"] }, "not valid Unicode"],
    ["a role that is not listed", { roles: ["other"] }, "Role 'other' is not present"],
    ["role beside MULTI_ROLE", { role: "a", roles: undefined }, "'FrameworkInfo.role'"],
    ["roles without MULTI_ROLE", { roles: ["a"], capabilities: [] }, "'FrameworkInfo.roles'"],
    ["a role twice", { roles: ["a", "a"] }, "role 'a' twice"],
    ["a suppressed role of others", {}, "Suppressed role 'b'", { suppressed_roles: ["b"] }],
    [
      "constraints of a role of others",
      {},
      "role 'b'",
      constraints("b", predicate({ exists: {} })),
    ],
    ["constraints without groups", {}, "no groups", constraints("a", [])],
    [
      "a group without constraints",
      {},
      "without attribute constraints",
      constraints("a", [{ attribute_constraints: [] }]),
    ],
    ["no predicate", {}, "exactly one predicate", constraints("a", predicate({}))],
    [
      "a regex that is none",
      {},
      "Failed to construct regex from pattern",
      constraints("a", predicate({ text_matches: { regex: "(" } })),
    ],
    ["user root", { user: "root" }, "User 'root' is not allowed"],
    ["a negative timeout", { failover_timeout: -1 }, "failover_timeout (-1)"],
    ["an endless timeout", { failover_timeout: 1e12 }, "failover_timeout (1000000000000)"],
    ["an id with a slash", { id: { value: "a/b" } }, "'framework_info.id'"],
    [
      "a filter of no amounts",
      offerFilter({}),
      "'FrameworkInfo.offer_filters' of role 'a': Resource quantities must contain at least one quantity",
    ],
    [
      "a filter of a negative amount",
      offerFilter({ cpus: { value: -1 } }),
      "'FrameworkInfo.offer_filters' of role 'a': Invalid resource quantity for 'cpus': -1",
    ],
    [
      "a filter of an endless amount",
      offerFilter({ mem: { value: "Infinity" } }),
      "Invalid resource quantity for 'mem': Infinity",
    ],
  ]
  test.each(rows)("%s", async (_, info, message, more = {}) => {
    const rules = { roles: ["a", "b"], rootSubmissions: false }
    const master = await TestMaster.start({}, undefined, rules)
    const framework_info = {
      user: "svc",
      name: "demo",
      roles: ["a"],
      capabilities: MULTI_ROLE,
      ...info,
    }
    const framework_id = dig(info, "id")
    const response = await master.call({
      type: "SUBSCRIBE",
      framework_id,
      subscribe: { framework_info, ...more },
    })
    expect(response.status).toBe(200)
    const stream = new TestStream(response)
    await until("the end of the stream", () => stream.ended)
    expect(stream.events.map((event) => event["type"])).toEqual(["ERROR"])
    expect(dig(stream.events[0], "error", "message")).toMatch(message)
    expect(master.driver.view.frameworks.size).toBe(0)
  })

  const refusalOf = async (stream: TestStream): Promise<unknown> => {
    await until("the end of the stream", () => stream.ended)
    expect(stream.events).toHaveLength(1)
    return dig(stream.events[0], "error", "message")
  }

  test("an id that was removed", async () => {
    const scene = await Scene.open(JSON_TYPE)
    await scene.accepted({ type: "TEARDOWN" })
    const again = await scene.master.subscribe({ id: scene.frameworkId })
    expect(await refusalOf(again)).toBe("Framework has been removed")
  })

  test("another principal than before", async () => {
    const scene = await Scene.open(JSON_TYPE, { principal: "p" })
    const id = scene.frameworkId
    const other = await scene.master.subscribe({ id, principal: "q" })
    expect(await refusalOf(other)).toContain("principal")
  })

  test("another principal than by its credentials is no SUBSCRIBE at all, and none is filled in", async () => {
    const master = await TestMaster.start({
      authenticate: () => ({ kind: "principal", principal: "p" }),
    })
    const framework_info = { user: "svc", name: "demo", principal: "q" }
    const refused = await master.call({ type: "SUBSCRIBE", subscribe: { framework_info } })
    expect([refused.status, await refused.text()]).toEqual([
      400,
      "Failed to validate scheduler::Call: Authenticated principal 'p' does not match principal 'q' set in `FrameworkInfo`",
    ])
    const { events } = await master.subscribe()
    await until("the subscription", () => events.length > 0)
    const [framework] = master.driver.view.frameworks.values()
    expect(framework?.info.principal).toBe("p")
  })

  test("user and checkpoint keep what they were, the rest is taken over", async () => {
    const scene = await Scene.open(JSON_TYPE, { checkpoint: true })
    const change = { id: scene.frameworkId, user: "other", checkpoint: false, name: "renamed" }
    await (await scene.master.subscribe(change)).event("SUBSCRIBED")
    const [framework] = scene.master.driver.view.frameworks.values()
    expect(framework?.info).toMatchObject({ user: "svc", checkpoint: true, name: "renamed" })
  })
})

describe("2.3: offers that cannot be accepted", () => {
  type Shown = { readonly mine: readonly Json[]; readonly theirs: readonly Json[] }
  type Row = readonly [what: string, ids: (shown: Shown) => readonly unknown[], message: string]
  const idOf = (offer: Json | undefined): unknown => offer?.["id"]
  const rows: readonly Row[] = [
    ["none", () => [], "No offers specified"],
    [
      "one twice",
      ({ mine: [offer] }) => [idOf(offer), idOf(offer)],
      "Duplicate offer m-O0 in offer list",
    ],
    [
      "one that is gone",
      ({ mine: [offer] }) => [idOf(offer), { value: "gone" }],
      "Offer gone is no longer valid",
    ],
    [
      "of two agents",
      ({ mine: [first, , other] }) => [idOf(first), idOf(other)],
      "Aggregated offers must belong to one single agent. Offer m-O",
    ],
    [
      "of two roles",
      ({ mine: [first, second] }) => [idOf(first), idOf(second)],
      "Aggregated offers must be allocated to the same role. Offer m-O",
    ],
    [
      "of another framework",
      ({ theirs: [offer] }) => [idOf(offer)],
      " has invalid framework m-0001 while framework m-0000 is expected",
    ],
  ]
  test.each(rows)("%s", async (_, ids, message) => {
    const scene = await Scene.open(JSON_TYPE, { roles: ["a", "b"] })
    const { offers } = scene.master.driver.view
    const shown = (stream: TestStream): Json[] =>
      stream.events.flatMap((event) => (dig(event, "offers", "offers") ?? []) as Json[])
    // Each role is offered what is reserved to it.
    for (const hostname of ["a1", "a2"]) {
      const reserved = resources("cpus(a):1;mem(a):64;cpus(b):1;mem(b):64")
      await scene.master.agent({ info: { hostname, resources: reserved } })
      const expected = hostname === "a1" ? 2 : 4
      await until("the offers", () => offers.size === expected)
    }
    const other = await scene.master.subscribe({ name: "other", roles: ["c"] })
    await scene.master.agent({
      info: { hostname: "a3", resources: resources("cpus(c):1;mem(c):64") },
    })
    await until("their offer", () => shown(other).length === 1)
    const mine = shown(scene.stream)
    const operations = [
      launch("web", mine[0] ?? {}),
      { type: "RESERVE", id: { value: "o1" }, reserve: { resources: [] } },
    ]
    const offer_ids = ids({ mine, theirs: shown(other) })
    await scene.accepted({ type: "ACCEPT", accept: { offer_ids, operations } })
    const { status } = (await scene.stream.event("UPDATE"))["update"] as Json
    expect(status).toMatchObject({
      state: "TASK_DROPPED",
      reason: "REASON_INVALID_OFFERS",
      source: "SOURCE_MASTER",
      message: expect.stringContaining(message) as never,
    })
    const operation = await scene.stream.event("UPDATE_OPERATION_STATUS")
    expect(dig(operation, "update_operation_status", "status")).toMatchObject({
      operation_id: { value: "o1" },
      state: "OPERATION_ERROR",
      message: expect.stringContaining(message) as never,
    })
    // What was named is free again; what is another's is left alone.
    expect(shown(other)).toHaveLength(1)
    scene.master.driver.checkInvariants()
  })

  test("TASK_LOST for a framework that knows no partitions", async () => {
    const scene = await Scene.open(JSON_TYPE, { capabilities: MULTI_ROLE })
    await scene.accepted({
      type: "ACCEPT",
      accept: { offer_ids: [{ value: "gone" }], operations: [launch("web", {}, AGENT)] },
    })
    const { status } = (await scene.stream.event("UPDATE"))["update"] as Json
    expect(status).toMatchObject({ state: "TASK_LOST", reason: "REASON_INVALID_OFFERS" })
  })
})

const AGENT = { agent_id: { value: "a" } }
const cpus = scalar("cpus", 0.1)
const ports = (...range: readonly (readonly [number, number])[]) => ({
  name: "ports",
  type: "RANGES",
  ranges: { range: range.map(([begin, end]) => ({ begin, end })) },
})
const reserved = { ...scalar("disk", 1), reservations: [{ type: "DYNAMIC", role: "db" }] }
const volume = { persistence: { id: "v" }, volume: { container_path: "d", mode: "RW" } }
const variable = (change: object) => ({
  command: { value: "true", environment: { variables: [{ name: "A", ...change }] } },
})
const executor = (change: object = {}) => ({
  command: undefined,
  executor: { executor_id: { value: "e" }, command: { value: "run" }, ...change },
})
const nanoseconds = -1
const docker = { image: "busybox" }

describe("2.4: a task that is refused alone, with TASK_ERROR", () => {
  type Row = readonly [what: string, change: object, message: string]
  const rows: readonly Row[] = [
    ["an id with a slash", { task_id: { value: "a/b" } }, "'TaskInfo.task_id'"],
    ["an id that is empty", { task_id: { value: "" } }, "'TaskInfo.task_id'"],
    ["an id that is too long", { task_id: { value: "x".repeat(256) } }, "'TaskInfo.task_id'"],
    ["an id of half a character", { task_id: { value: "a\ud800" } }, "'TaskInfo.task_id'"],
    ["an id of dots", { task_id: { value: ".." } }, "'TaskInfo.task_id'"],
    ["an id in use", { task_id: { value: "live" } }, "duplicate ID: live"],
    ["another agent", { agent_id: { value: "other" } }, "invalid agent other"],
    ["a negative grace", { kill_policy: { grace_period: { nanoseconds } } }, "'kill_policy.grace"],
    ["a negative time", { max_completion_time: { nanoseconds } }, "'max_completion_time'"],
    ["a check without type", { check: {} }, "'check.type'"],
    ["a check of unknown type", { check: { type: "UNKNOWN" } }, "'check.type' UNKNOWN"],
    ["a check without its message", { check: { type: "TCP" } }, "'check.tcp'"],
    [
      "a command check without value",
      { check: { type: "COMMAND", command: { command: {} } } },
      "'check.command.value'",
    ],
    [
      "a path without slash",
      { check: { type: "HTTP", http: { port: 1, path: "x" } } },
      "'check.http'",
    ],
    [
      "a negative interval",
      { check: { type: "TCP", tcp: { port: 1 }, interval_seconds: -1 } },
      "'check.interval_seconds'",
    ],
    ["a health check without type", { health_check: {} }, "'health_check.type'"],
    [
      "another scheme",
      { health_check: { type: "HTTP", http: { port: 1, scheme: "ftp" } } },
      "'health_check.http.scheme'",
    ],
    [
      "a negative timeout",
      { health_check: { type: "TCP", tcp: { port: 1 }, timeout_seconds: -1 } },
      "'health_check.timeout_seconds'",
    ],
    ["no resources", { resources: [] }, "no resources"],
    ["a negative amount", { resources: [scalar("cpus", -1)] }, "[0].scalar.value"],
    ["an amount that rounds to nothing", { resources: [scalar("cpus", 0.0004)] }, "0.001"],
    ["no name", { resources: [scalar("", 1)] }, "[0].name"],
    [
      "a disk that says nothing",
      { resources: [{ ...scalar("disk", 1), disk: {} }] },
      "'TaskInfo.resources[0].disk' is invalid: DiskInfo is set but empty",
    ],
    [
      "a volume that does not last",
      {
        resources: [
          { ...scalar("disk", 1), disk: { volume: { container_path: "d", mode: "RW" } } },
        ],
      },
      "'TaskInfo.resources[0].disk.volume' is invalid: Non-persistent volume not supported",
    ],
    [
      "a volume of what nobody reserved",
      { resources: [{ ...scalar("disk", 1), disk: volume }] },
      "'TaskInfo.resources[0].reservations' is invalid: Persistent volumes cannot be created from unreserved resources",
    ],
    [
      "a volume with a place on the host",
      {
        resources: [
          {
            ...reserved,
            disk: { ...volume, volume: { ...volume.volume, host_path: "/d" } },
          },
        ],
      },
      "'TaskInfo.resources[0].disk.volume.host_path' is invalid",
    ],
    [
      "a volume id with a slash",
      { resources: [{ ...reserved, disk: { ...volume, persistence: { id: "a/b" } } }] },
      "'TaskInfo.resources[0].disk.persistence.id' is invalid",
    ],
    [
      "a reservation to everybody",
      { resources: [{ ...cpus, reservations: [{ type: "DYNAMIC", role: "*" }] }] },
      "'TaskInfo.resources[0].reservations[0].role' is invalid",
    ],
    [
      "shared cpus",
      { resources: [{ ...cpus, shared: {} }] },
      "Only persistent volumes can be shared",
    ],
    [
      "revocable and reserved",
      {
        resources: [{ ...cpus, revocable: {}, reservations: [{ type: "DYNAMIC", role: "db" }] }],
      },
      "Revocable resource 'cpus' cannot be reserved",
    ],
    [
      "ports that its executor has",
      {
        ...executor({ resources: [ports([31001, 31002])] }),
        resources: [cpus, ports([31000, 31001])],
      },
      "There are overlapping resources",
    ],
    [
      "a volume that its executor has",
      {
        ...executor({ resources: [{ ...reserved, disk: volume }] }),
        resources: [{ ...reserved, disk: volume }],
      },
      "Persistence ID 'v' is not unique",
    ],
    ["a part of a gpu", { resources: [cpus, scalar("gpus", 0.5)] }, "'gpus'"],
    [
      "ranges that overlap",
      { resources: [cpus, ports([31000, 31005], [31004, 31006])] },
      "overlapping ranges: 31000-31005 and 31004-31006",
    ],
    ["a range from its end", { resources: [ports([31001, 31000])] }, "ends before it begins"],
    [
      "an item twice",
      { resources: [cpus, { name: "zones", type: "SET", set: { item: ["a", "a"] } }] },
      "twice",
    ],
    [
      "another role",
      { resources: [{ ...cpus, allocation_info: { role: "other" } }] },
      "allocated to role 'other'",
    ],
    [
      "a volume twice",
      {
        resources: [1, 2].map(() => ({ ...reserved, disk: volume })),
      },
      "'v' is not unique",
    ],
    ["revocable beside what is not", { resources: [cpus, { ...cpus, revocable: {} }] }, "'cpus'"],
    ["more than is offered", { resources: [scalar("cpus", 100)] }, "more than available"],
    ["a variable without value", variable({}), "'A' of 'command.environment'"],
    ["a secret without secret", variable({ type: "SECRET" }), "must have a secret"],
    ["a secret without type", variable({ type: "SECRET", secret: {} }), "unknown type"],
    ["a variable of unknown type", variable({ type: "UNKNOWN", value: "" }), "'UNKNOWN'"],
    ["DOCKER without docker", { container: { type: "DOCKER" } }, "'container.docker'"],
    [
      "a volume from nowhere",
      { container: { type: "MESOS", volumes: [{ mode: "RW", container_path: "d" }] } },
      "'container.volumes[0]'",
    ],
    [
      "a volume of a kind without its message",
      {
        container: {
          type: "MESOS",
          volumes: [{ mode: "RW", container_path: "d", source: { type: "SECRET" } }],
        },
      },
      "'container.volumes[0]' must have 'source.secret'",
    ],
    [
      "a container's name",
      {
        container: {
          type: "DOCKER",
          docker: { ...docker, parameters: [{ key: "name", value: "x" }] },
        },
      },
      "must not set 'name'",
    ],
    ["limits below the request", { limits: { cpus: { value: 0.01 } } }, "limit of 'cpus'"],
    ["limits of ports", { limits: { ports: { value: 1 } } }, "'ports'"],
    ["limits of nothing", { limits: { mem: { value: 64 } }, resources: [cpus] }, "'mem'"],
    ["neither command nor executor", { command: undefined }, "exactly one of"],
    ["command and executor", { executor: executor().executor }, "exactly one of"],
    ["a DEFAULT executor", executor({ type: "DEFAULT" }), "'ExecutorInfo.type'"],
    ["an executor without command", executor({ command: undefined }), "'ExecutorInfo.command'"],
    [
      "a bad executor id",
      executor({ executor_id: { value: "a/b" } }),
      "'ExecutorInfo.executor_id'",
    ],
    [
      "another's executor",
      executor({ framework_id: { value: "other" } }),
      "'ExecutorInfo.framework_id'",
    ],
    [
      "an executor's negative grace",
      executor({ shutdown_grace_period: { nanoseconds } }),
      "'ExecutorInfo.shutdown_grace_period'",
    ],
    [
      "an executor's shared cgroups",
      executor({ container: { type: "MESOS", linux_info: { share_cgroups: true } } }),
      "'ExecutorInfo.container.linux_info.share_cgroups' must not be true",
    ],
    [
      "revocable beside its executor's",
      executor({ resources: [{ ...cpus, revocable: {} }] }),
      "Cannot use both revocable and non-revocable 'cpus' at the same time",
    ],
    [
      "own cgroups",
      { container: { type: "MESOS", linux_info: { share_cgroups: false } } },
      "share_cgroups",
    ],
  ]
  test.each(rows)("%s", async (_, change, message) => {
    const scene = await Scene.open(JSON_TYPE)
    const agent = await scene.master.agent({ capabilities: AGENT_CAPABILITIES })
    const offer = await scene.offer()
    const operations = [launch("live", offer), launch("odd", offer, change), launch("ok", offer)]
    await scene.accept(offer, ...operations)
    const { status } = (await scene.stream.event("UPDATE"))["update"] as Json
    expect(status).toMatchObject({
      state: "TASK_ERROR",
      reason: "REASON_TASK_INVALID",
      source: "SOURCE_MASTER",
      agent_id: offer["agent_id"],
    })
    expect(dig(status, "message")).toContain(message)
    expect(status).not.toHaveProperty("uuid")
    const launched = agent.received.flatMap((told) => (told.kind === "runTask" ? [told] : []))
    expect(launched.map(({ task }) => String(task.taskId))).toEqual(["live", "ok"])
    scene.master.driver.checkInvariants()
  })

  test("limits, on an agent that cannot", async () => {
    const scene = await Scene.open(JSON_TYPE)
    await scene.master.agent()
    const offer = await scene.offer()
    await scene.accept(offer, launch("web", offer, { limits: { cpus: { value: 1 } } }))
    const { status } = (await scene.stream.event("UPDATE"))["update"] as Json
    expect(dig(status, "message")).toContain("TASK_RESOURCE_LIMITS")
  })

  test("limits may be endless", async () => {
    const scene = await Scene.open(JSON_TYPE)
    const agent = await scene.master.agent({ capabilities: AGENT_CAPABILITIES })
    const offer = await scene.offer()
    await scene.accept(offer, launch("web", offer, { limits: { mem: { value: "Infinity" } } }))
    expect(agent.received.at(-1)?.kind).toBe("runTask")
  })

  test("an operation's id, which a LAUNCH must not have", async () => {
    const scene = await Scene.open(JSON_TYPE)
    await scene.master.agent()
    const offer = await scene.offer()
    await scene.accept(offer, { ...launch("web", offer), id: { value: "o1" } })
    const { status } = (await scene.stream.event("UPDATE"))["update"] as Json
    expect(status).toMatchObject({ state: "TASK_ERROR", reason: "REASON_TASK_INVALID" })
  })

  test("an executor that differs from the live one of its id", async () => {
    const scene = await Scene.open(JSON_TYPE)
    await scene.master.agent()
    const offer = await scene.offer()
    const other = executor({ command: { value: "another" } })
    await scene.accept(offer, launch("a", offer, executor()), launch("b", offer, other))
    const { status } = (await scene.stream.event("UPDATE"))["update"] as Json
    expect(dig(status, "message")).toContain("not compatible with the live executor 'e'")
  })
})

/** What differs in a group's executor, and in its second task or in both. */
type Change = { readonly executor?: object; readonly task?: object; readonly both?: boolean }

describe("2.4, 11: a task group that is refused as a whole", () => {
  const group = (scene: Scene, offer: Json, change: Change) => ({
    type: "LAUNCH_GROUP",
    launch_group: {
      executor: {
        type: "DEFAULT",
        executor_id: { value: "pod" },
        framework_id: scene.frameworkId,
        resources: [scalar("cpus", 0.1), scalar("mem", 32), scalar("disk", 10)],
        ...change.executor,
      },
      task_group: {
        tasks: ["a", "b"].map((id, index) => ({
          ...(launch(id, offer).launch.task_infos[0] as object),
          ...(index === 1 || change.both ? change.task : {}),
        })),
      },
    },
  })
  const mesos = (change: object) => ({ container: { type: "MESOS", ...change } })
  type Row = readonly [what: string, change: Change, message: string]
  const rows: readonly Row[] = [
    ["an executor without type", { executor: { type: undefined } }, "'ExecutorInfo.type'"],
    ["no framework", { executor: { framework_id: undefined } }, "'ExecutorInfo.framework_id'"],
    ["DEFAULT with a command", { executor: { command: { value: "x" } } }, "'ExecutorInfo.command'"],
    ["CUSTOM without a command", { executor: { type: "CUSTOM" } }, "'ExecutorInfo.command'"],
    [
      "DEFAULT in Docker",
      { executor: { container: { type: "DOCKER", docker } } },
      "'ExecutorInfo.container.type'",
    ],
    [
      "CUSTOM in Docker",
      {
        executor: {
          type: "CUSTOM",
          command: { value: "x" },
          container: { type: "DOCKER", docker },
        },
      },
      "'ExecutorInfo.container.type'",
    ],
    [
      "DEFAULT with an image",
      { executor: mesos({ mesos: { image: { type: "DOCKER", docker: { name: "x" } } } }) },
      "mesos.image",
    ],
    [
      "too little cpu",
      { executor: { resources: [scalar("cpus", 0.001), scalar("mem", 32), scalar("disk", 1)] } },
      "0.01 cpus",
    ],
    [
      "too little memory",
      { executor: { resources: [scalar("cpus", 0.1), scalar("mem", 1), scalar("disk", 1)] } },
      "32 MB",
    ],
    ["no disk", { executor: { resources: [scalar("cpus", 0.1), scalar("mem", 32)] } }, "disk"],
    [
      "cgroups that are shared by word",
      { executor: mesos({ linux_info: { share_cgroups: true } }) },
      "share_cgroups",
    ],
    ["a task in Docker", { task: { container: { type: "DOCKER", docker } } }, "Docker"],
    [
      "a check of a task with its own network",
      {
        task: {
          ...mesos({ network_infos: [{ name: "n" }] }),
          health_check: { type: "TCP", tcp: { port: 1 } },
        },
      },
      "'health_check'",
    ],
    ["another executor", { task: { executor: { executor_id: { value: "x" } } } }, "differs"],
    ["a task twice", { task: { task_id: { value: "a" } } }, "twice"],
    ["limits in shared cgroups", { task: { limits: { cpus: { value: 1 } } } }, "share_cgroups"],
    [
      "cgroups of one task only",
      { task: mesos({ linux_info: { share_cgroups: false } }) },
      "share_cgroups",
    ],
    [
      "revocable beside what is not",
      { task: { resources: [{ ...cpus, revocable: {} }] } },
      "Cannot use both revocable and non-revocable 'cpus' at the same time",
    ],
    [
      "ports of another task",
      { task: { resources: [cpus, scalar("mem", 32), ports([31000, 31000])] }, both: true },
      "There are overlapping resources",
    ],
    ["a bad task", { task: { resources: [] } }, "no resources"],
  ]
  test.each(rows)("%s", async (_, change, message) => {
    const scene = await Scene.open(JSON_TYPE)
    const agent = await scene.master.agent({ capabilities: AGENT_CAPABILITIES })
    const offer = await scene.offer()
    await scene.accept(offer, group(scene, offer, change))
    const statuses = () =>
      scene.stream.events.flatMap((event) => dig(event, "update", "status") ?? [])
    await until("both answers", () => statuses().length === 2)
    for (const status of statuses()) {
      expect(status).toMatchObject({ state: "TASK_ERROR", reason: "REASON_TASK_GROUP_INVALID" })
      expect(dig(status, "message")).toContain(message)
    }
    expect(agent.received.some(({ kind }) => kind === "runTaskGroup")).toBe(false)
    scene.master.driver.checkInvariants()
  })

  test("cgroups unlike those of the tasks that the executor has", async () => {
    const scene = await Scene.open(JSON_TYPE)
    const agent = await scene.master.agent({ capabilities: AGENT_CAPABILITIES })
    const offer = await scene.offer()
    const own = mesos({ linux_info: { share_cgroups: false } })
    const second = group(scene, offer, {})
    second.launch_group.task_group.tasks = ["c", "d"].map((id) => ({
      ...(launch(id, offer, own).launch.task_infos[0] as object),
    })) as never
    await scene.accept(offer, group(scene, offer, {}), second)
    const { status } = (await scene.stream.event("UPDATE"))["update"] as Json
    expect(dig(status, "message")).toContain("share_cgroups")
    expect(agent.received.filter(({ kind }) => kind === "runTaskGroup")).toHaveLength(1)
  })
})
