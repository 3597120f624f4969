import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import type { App, AppSpec } from "./app.ts"
import { buildApp } from "./build.ts"
import type { PortMapping } from "./container.ts"
import type { BuildContext } from "./build.ts"
import { encodeApp } from "./encode-app.ts"
import { parseApp } from "./parse-app.ts"
import { ROOT } from "./path-id.ts"
import type { Rejection } from "./rejection.ts"
import { DEFAULT_RULES } from "./rules.ts"
import { formatTimestamp } from "./timestamp.ts"
import type { Result } from "#lib/std/result.ts"

type Json = Record<string, unknown>

const allRules = {
  ...DEFAULT_RULES,
  features: new Set(["external_volumes", "secrets", "gpu_resources"] as const),
}

const context: BuildContext = {
  rules: allRules,
  partial: false,
  enforceRole: false,
  force: false,
}

function build(json: unknown, over: Partial<BuildContext> = {}): Result<AppSpec, Rejection> {
  const all = { ...context, ...over }
  const update = over.current !== undefined
  const id = over.current?.id
  const patch = parseApp(json, { rules: all.rules, base: ROOT, update, ...(id ? { id } : {}) })
  return patch.ok ? buildApp(patch.value, all) : patch
}

function built(json: Json, over: Partial<BuildContext> = {}): AppSpec {
  const result = build(json, over)
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

function rejected(json: unknown, over: Partial<BuildContext> = {}): Rejection {
  const result = build(json, over)
  if (result.ok) throw new Error("was accepted")
  return result.error
}

const at = formatTimestamp(0)
const stored = (json: Json): App => ({
  ...built(json),
  version: at,
  versionInfo: { lastScalingAt: at, lastConfigChangeAt: at },
})

const S = { id: "/s", cmd: "sleep 1000", cpus: 0.1, mem: 32 }
const D = { id: "/d", container: { type: "DOCKER", docker: { image: "nginx" } } }
const bridge = (portMappings: unknown): Json => ({
  ...D,
  networks: [{ mode: "container/bridge" }],
  container: { ...D.container, portMappings },
})
const resident = {
  ...S,
  role: "*",
  container: {
    type: "MESOS",
    volumes: [{ containerPath: "data", mode: "RW", persistent: { size: 10 } }],
  },
}

test("writes out the defaults of an app", () => {
  expect(JSON.parse(JSON.stringify(encodeApp(built(S))))).toEqual({
    id: "/s",
    cmd: "sleep 1000",
    cpus: 0.1,
    mem: 32,
    disk: 0,
    gpus: 0,
    instances: 1,
    executor: "",
    backoffFactor: 1.15,
    backoffSeconds: 1,
    maxLaunchDelaySeconds: 300,
    killSelection: "YOUNGEST_FIRST",
    labels: {},
    networks: [{ mode: "host" }],
    portDefinitions: [{ port: 0, protocol: "tcp", name: "default", labels: {} }],
    requirePorts: false,
    role: "*",
    unreachableStrategy: { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 },
    upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
  })
})

const badTypes: [string, unknown, string, string][] = [
  ["a text for a number", { ...S, cpus: "1" }, "/cpus", "error.expected.jsnumber"],
  ["a number for a text", { ...S, cmd: 1 }, "/cmd", "error.expected.jsstring"],
  ["a text for a flag", { ...S, requirePorts: "yes" }, "/requirePorts", "error.expected.jsboolean"],
  ["an object for a list", { ...S, constraints: {} }, "/constraints", "error.expected.jsarray"],
  ["a list for an object", { ...S, labels: [] }, "/labels", "error.expected.jsobject"],
  ["a list for an app", [], "/", "error.expected.jsobject"],
  ["half an instance", { ...S, instances: 0.5 }, "/instances", "error.expected.int"],
  ["a negative size", { ...S, mem: -1 }, "/mem", "error.min"],
  ["an empty command", { ...S, cmd: "" }, "/cmd", "error.minLength"],
  ["a long URI", { ...S, fetch: [{ uri: "x".repeat(1025) }] }, "/fetch(0)/uri", "error.maxLength"],
  ["a bad executor", { ...S, executor: "a//" }, "/executor", "error.pattern"],
  [
    "an unknown network",
    { ...D, container: { docker: { image: "i", network: "FOO" } } },
    "/container/docker/network",
    "error.unknown.enum.literal",
  ],
  [
    "a nested position",
    bridge([{ containerPort: 80, servicePort: "x" }]),
    "/container/portMappings(0)/servicePort",
    "error.expected.jsnumber",
  ],
  ["a number in env", { ...S, env: { A: 1 } }, "/env/A", "error.expected.jsstring"],
  ["no id", { cmd: "a b" }, "/id", `'id' is undefined on object: {"cmd":"a b"}`],
  [
    "half a strategy",
    { ...S, upgradeStrategy: { minimumHealthCapacity: 1 } },
    "/upgradeStrategy/maximumOverCapacity",
    `'maximumOverCapacity' is undefined on object: {"minimumHealthCapacity":1}`,
  ],
  [
    "a word as a limit",
    { ...S, resourceLimits: { cpus: "lots" } },
    "/resourceLimits/cpus",
    "'lots' is an invalid resource limit. It must be 'unlimited' or a number",
  ],
]

test.each(badTypes)("names the type that is wrong: %s", (_name, json, path, error) => {
  expect(rejected(json)).toEqual({ code: "badTypes", details: [{ path, errors: [error] }] })
})

test("names every wrong member at once", () => {
  const rejection = rejected({ ...S, cpus: "1", mem: "2", labels: { a: 1 } })
  expect(rejection).toMatchObject({
    details: [{ path: "/cpus" }, { path: "/mem" }, { path: "/labels/a" }],
  })
})

const CMD_OR_CONTAINER =
  "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'."
const hostCheck = (check: Json): Json => ({ ...S, healthChecks: [check] })

const invalid: [string, Json, string, string][] = [
  ["upper case in an id", { ...S, id: "/App_1" }, "/id", "must fully match regular expression '"],
  [
    "a reserved id",
    { ...S, id: "/a/restart" },
    "/id",
    "must not end with any of the following reserved keywords: restart, tasks, versions, ., ..",
  ],
  ["the root", { ...S, id: "/" }, "/id", "must not be root"],
  ["nothing to run", { id: "/x" }, "/", CMD_OR_CONTAINER],
  ["cmd and args", { ...S, args: ["a"] }, "/", CMD_OR_CONTAINER],
  [
    "a share above one",
    { ...S, upgradeStrategy: { minimumHealthCapacity: 1.2, maximumOverCapacity: 0 } },
    "/upgradeStrategy/minimumHealthCapacity",
    "got 1.2, expected between 0.0 and 1.0",
  ],
  [
    "a bad dependency",
    { ...S, dependencies: ["B"] },
    "/dependencies(0)",
    "must fully match regular expression '",
  ],
  [
    "both port forms",
    { ...S, ports: [0], portDefinitions: [] },
    "/",
    "cannot specify both ports and port definitions",
  ],
  ["a port twice", { ...S, ports: [80, 80] }, "/ports", "ports must be unique"],
  [
    "uris and fetch",
    { ...S, uris: ["a"], fetch: [] },
    "/uris",
    "may not be set in conjunction with fetch",
  ],
  [
    "networks and ipAddress",
    { ...S, networks: [], ipAddress: {} },
    "/",
    "must not specify both networks and ipAddress",
  ],
  [
    "ipAddress and ports",
    { ...S, ipAddress: { networkName: "n" }, ports: [0] },
    "/",
    "cannot specify both an IP address and port",
  ],
  [
    "discovery in Docker",
    { ...D, ipAddress: { networkName: "n", discovery: { ports: [] } } },
    "/",
    "ipAddress/discovery is not allowed for Docker containers",
  ],
  [
    "a port name twice",
    bridge([{ name: "http" }, { name: "http" }]),
    "/container/portMappings",
    "Port names must be unique.",
  ],
  [
    "a host port twice",
    bridge([{ hostPort: 31_000 }, { hostPort: 31_000 }]),
    "/container/portMappings",
    "Ports must be unique.",
  ],
  [
    "a named bridge",
    { ...D, networks: [{ mode: "container/bridge", name: "x" }] },
    "/networks(0)",
    "Bridge networks may not have names",
  ],
  [
    "a labelled host network",
    { ...S, networks: [{ mode: "host", labels: { a: "b" } }] },
    "/networks(0)",
    "Host networks may not have names or labels",
  ],
  [
    "mixed networks",
    { ...S, networks: [{ mode: "host" }, { name: "a" }] },
    "/networks",
    "May specify a single host network, single bridge network, or else 1-to-n container networks",
  ],
  [
    "a network twice",
    { ...S, networks: [{ name: "a" }, { name: "a" }] },
    "/networks",
    "Duplicate networks are not allowed",
  ],
  [
    "two networks in Docker",
    { ...D, networks: [{ name: "a" }, { name: "b" }] },
    "/networks",
    "may only specify a single container network when using the Docker container engine",
  ],
  [
    "a published port of two networks",
    {
      ...S,
      networks: [{ name: "a" }, { name: "b" }],
      container: { type: "MESOS", portMappings: [{ hostPort: 0 }] },
    },
    "/container/portMappings(0)",
    "networkNames must be a single item list when hostPort is specified and more than 1 container network is defined",
  ],
  ["Docker without an image", { id: "/d", container: {} }, "/container/docker", "not defined"],
  [
    "an empty image",
    { id: "/d", container: { docker: {} } },
    "/container/docker/image",
    "must not be empty",
  ],
  [
    "a pull secret of Docker",
    {
      ...D,
      secrets: { p: { source: "p" } },
      container: { docker: { image: "i", pullConfig: { secret: "p" } } },
    },
    "/container/docker/pullConfig",
    "pullConfig is not supported with Docker containerizer",
  ],
  [
    "a credential",
    { ...D, container: { docker: { image: "i", credential: {} } } },
    "/container/docker/credential",
    "must be empty",
  ],
  [
    "gpus in Docker",
    { ...D, gpus: 1 },
    "/",
    "GPU resources only work with the Mesos containerizer",
  ],
  [
    "a limit below the request",
    { ...S, resourceLimits: { mem: 16 } },
    "/resourceLimits/mem",
    "resource limit must be greater than or equal to requested resource (32.0)",
  ],
  [
    "expunge before inactive",
    { ...S, unreachableStrategy: { inactiveAfterSeconds: 5, expungeAfterSeconds: 3 } },
    "/unreachableStrategy",
    "inactiveAfterSeconds (5) must be less or equal to expungeAfterSeconds, which is 3",
  ],
  [
    "no accepted role",
    { ...S, acceptedResourceRoles: [] },
    "/acceptedResourceRoles",
    "must not be empty",
  ],
  [
    "a foreign accepted role",
    { ...S, acceptedResourceRoles: ["x"] },
    "/acceptedResourceRoles",
    "acceptedResourceRoles can only contain * and *",
  ],
  ["a foreign role", { ...S, role: "x" }, "/role", "got x, expected one of: [*]"],
  [
    "a foreign role below a group",
    { ...S, id: "/g/s", role: "x" },
    "/role",
    "got x, expected one of: [*, g]",
  ],
  [
    "several single instances",
    {
      ...S,
      instances: 2,
      labels: { MARATHON_SINGLE_INSTANCE_APP: "true" },
    },
    "/",
    "Single instance app may only have one instance",
  ],
  [
    "half a migration",
    { ...S, labels: { DCOS_MIGRATION_API_VERSION: "v1" } },
    "/labels",
    "DCOS_PACKAGE_FRAMEWORK_NAME and DCOS_MIGRATION_API_PATH must be defined when using DCOS_MIGRATION_API_VERSION",
  ],
  [
    "an undefined secret",
    { ...S, env: { A: { secret: "a" } } },
    "/env/A",
    "references an undefined secret named 'a'",
  ],
  [
    "two agent-run checks",
    {
      ...S,
      healthChecks: [
        { protocol: "MESOS_TCP" },
        { protocol: "command", command: { value: "true" } },
      ],
    },
    "/",
    "AppDefinition can contain at most one Mesos health check",
  ],
  [
    "a port index out of range",
    hostCheck({ portIndex: 1 }),
    "/healthChecks(0)",
    "Health check port indices must address an element of the ports array or container port mappings.",
  ],
  [
    "a command with a path",
    hostCheck({ protocol: "COMMAND", command: { value: "true" }, path: "/" }),
    "/healthChecks(0)",
    "Invalid combination of HealthCheck parameters",
  ],
  [
    "IPv6 outside Docker",
    hostCheck({ protocol: "MESOS_HTTP", ipProtocol: "IPv6" }),
    "/healthChecks(0)",
    "IPv6 can only be used for container type DOCKER and Mesos http/https/tcp health checks",
  ],
  [
    "a check in Docker",
    { ...D, check: { exec: { command: { shell: "true" } } } },
    "/",
    "AppDefinition must not use 'checks' if using docker",
  ],
  [
    "a readiness check of no port",
    { ...S, readinessChecks: [{}] },
    "/readinessChecks(0)/portName",
    "No port definition reference for portName http-api",
  ],
  [
    "a slow readiness check",
    { ...S, readinessChecks: [{ portName: "default", timeoutSeconds: 30 }] },
    "/readinessChecks(0)/timeoutSeconds",
    "got 30, expected less than 30",
  ],
  ["a resident app of all roles", resident, "/role", "Resident apps cannot have the role *"],
  [
    "many instances of one DVDI volume",
    {
      ...S,
      instances: 2,
      container: {
        type: "MESOS",
        volumes: [
          {
            containerPath: "d",
            mode: "RW",
            external: { provider: "dvdi", name: "v", options: { "dvdi/driver": "x" } },
          },
        ],
      },
    },
    "/container/volumes(0)",
    "Number of instances is limited to 1 when declaring DVDI volumes in app [/s]",
  ],
]

test.each(invalid)("refuses %s", (_name, json, path, error) => {
  const rejection = rejected(json)
  expect(rejection.code).toBe("invalid")
  if (rejection.code !== "invalid") return
  const found = rejection.details.find((problem) => problem.path === path)
  expect(found?.errors.some((text) => text.startsWith(error))).toBe(true)
})

const constraints: [string[], string][] = [
  [["hostname"], "Each constraint must have either 2 or 3 fields"],
  [["a", "b", "c", "d"], "Each constraint must have either 2 or 3 fields"],
  [
    ["hostname", "FOO"],
    "operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER, UNLIKE or IS",
  ],
  [["hostname", "UNIQUE", "x"], "UNIQUE does not accept a value"],
  [["rack", "GROUP_BY", "x"], "GROUP BY must define an integer value or else no value at all"],
  [["rack", "MAX_PER"], "MAX_PER requires an integer value"],
  [["rack", "LIKE"], "LIKE and UNLIKE require a non-empty, regular expression value"],
  [["rack", "UNLIKE", "["], "is not a valid regular expression"],
  [
    ["rack", "IS", "a b"],
    "IS only supports Mesos text and float values (see http://mesos.apache.org/documentation/latest/attributes-resources/)",
  ],
  [["", "UNIQUE"], "missing field for constraint declaration"],
]

test.each(constraints)("refuses the constraint %p", (constraint, error) => {
  expect(rejected({ ...S, constraints: [["hostname", "unique"], constraint] })).toEqual({
    code: "invalid",
    details: [{ path: "/constraints(1)", errors: [error] }],
  })
})

test("takes an operator in any case", () => {
  expect(built({ ...S, constraints: [["rack", "group_by", "2"]] }).constraints).toEqual([
    { field: "rack", operator: "GROUP_BY", value: "2" },
  ])
})

test("needs a name for a container network unless there is a default", () => {
  const app = { ...S, networks: [{}] }
  expect(rejected(app)).toEqual({
    code: "illegal",
    message: "Network name must be specified when container network is selected.",
  })
  const rules = { ...allRules, defaultNetworkName: "dcos" }
  expect(built(app, { rules }).networks).toEqual([{ mode: "container", name: "dcos", labels: {} }])
})

describe("turns the old form into the new one:", () => {
  const mapping: PortMapping = {
    containerPort: 0,
    servicePort: 0,
    protocol: "tcp",
    labels: {},
    networkNames: [],
  }

  test("ports", () => {
    const app = built({ ...S, ports: [8080, 0] })
    expect(app.portDefinitions.map(({ port }) => port)).toEqual([8080, 0])
  })

  test("no ports at all", () => {
    expect(built({ ...S, portDefinitions: [] }).portDefinitions).toEqual([])
    expect(built({ ...S, ports: [] }).portDefinitions).toEqual([])
  })

  test("uris, extracting archives only", () => {
    const { fetch } = built({ ...S, uris: ["http://h/a.tgz", "http://h/b.bin"] })
    expect(fetch).toEqual([
      { uri: "http://h/a.tgz", extract: true, executable: false, cache: false },
      { uri: "http://h/b.bin", extract: false, executable: false, cache: false },
    ])
  })

  test("a bridge with mappings of the image", () => {
    const docker = { image: "nginx", network: "bridge", portMappings: [{ containerPort: 80 }] }
    const app = built({ ...D, container: { docker } })
    expect(app.networks).toEqual([{ mode: "container/bridge", labels: {} }])
    expect(app.container?.portMappings).toEqual([{ ...mapping, containerPort: 80, hostPort: 0 }])
    expect(app.container?.docker).toEqual({
      image: "nginx",
      forcePullImage: false,
      privileged: false,
      parameters: [],
    })
    expect(app.portDefinitions).toEqual([])
  })

  test("a host network drops mappings", () => {
    const docker = { image: "nginx", network: "HOST", portMappings: [{ containerPort: 80 }] }
    const app = built({ ...D, container: { docker } })
    expect(app.networks[0]?.mode).toBe("host")
    expect(app.container?.portMappings).toEqual([])
    expect(app.portDefinitions).toHaveLength(1)
    const implied = built({ ...D, container: { ...D.container, portMappings: [{}] } })
    expect(implied.container?.portMappings).toEqual([])
  })

  test("a user network with a name", () => {
    const docker = { image: "nginx", network: "USER" }
    const ipAddress = { networkName: "n", labels: { a: "b" } }
    const app = built({ ...D, container: { docker }, ipAddress })
    expect(app.networks).toEqual([{ mode: "container", name: "n", labels: { a: "b" } }])
    expect(app.container?.portMappings).toEqual([{ ...mapping, name: "default" }])
  })

  test("an address with discovery and no container", () => {
    const discovery = { ports: [{ number: 80, name: "http", protocol: "tcp" }] }
    const app = built({ ...S, ipAddress: { networkName: "n", discovery } })
    expect(app.container).toEqual({
      type: "MESOS",
      volumes: [],
      portMappings: [{ ...mapping, containerPort: 80, name: "http" }],
    })
  })

  test("an address on the bridge", () => {
    const app = built({ ...S, ipAddress: { networkName: "mesos-bridge" } })
    expect(app.networks).toEqual([{ mode: "container/bridge", labels: {} }])
    expect(app.container?.portMappings).toEqual([{ ...mapping, name: "default", hostPort: 0 }])
  })

  test("ports beyond the mappings", () => {
    const app = built({ ...bridge([{ containerPort: 80 }]), ports: [0, 0, 0] })
    expect(app.container?.portMappings.map(({ containerPort }) => containerPort)).toEqual([
      80, 0, 0,
    ])
    expect(built(bridge([])).container?.portMappings).toEqual([])
  })

  test("nothing of it comes back", () => {
    const docker = { image: "nginx", network: "BRIDGE", portMappings: [{ containerPort: 80 }] }
    const text = JSON.stringify(encodeApp(built({ ...D, container: { docker }, uris: ["a"] })))
    for (const old of ["uris", "ipAddress", '"ports"', '"network"']) expect(text).not.toContain(old)
  })
})

test("ignores unknown members and takes null as absent", () => {
  expect(built({ ...S, foo: 1, instances: null, container: null })).toEqual(built(S))
})

test("points a health check without a port at the first one", () => {
  expect(built(hostCheck({ path: "/" })).healthChecks[0]?.portIndex).toBe(0)
  expect(built(hostCheck({ port: 80 })).healthChecks[0]?.portIndex).toBeUndefined()
})

test("knows the defaults of resident apps", () => {
  const app = built({ ...resident, id: "/g/s", role: "g" })
  expect(app.upgradeStrategy).toEqual({ minimumHealthCapacity: 0.5, maximumOverCapacity: 0 })
  expect(app.unreachableStrategy).toBe("disabled")
  expect(app.residency?.taskLostBehavior).toBe("WAIT_FOREVER")
})

test("refuses what a resident app cannot change", () => {
  const current = stored({ ...resident, id: "/g/s", role: "g" })
  const update = (json: Json): unknown => build(json, { current, partial: true })
  expect(update({ instances: 3 })).toMatchObject({ ok: true })
  expect(update({ mem: 64 })).toMatchObject({ ok: false })
  expect(update({ container: { type: "MESOS" } })).toMatchObject({ ok: false })
})

describe("an update", () => {
  const current = stored({ ...S, env: { A: "1" }, instances: 2 })

  test("keeps what it does not name and replaces whole members", () => {
    const app = built({ env: { B: "2" } }, { current, partial: true })
    expect(app).toMatchObject({ env: { B: "2" }, cmd: "sleep 1000", mem: 32, instances: 2 })
  })

  test("falls back to defaults when it is full", () => {
    const app = built({ cmd: "sleep 5" }, { current })
    expect(app).toMatchObject({ cmd: "sleep 5", mem: 128, env: {}, instances: 1 })
  })

  test("keeps resource limits and executor resources that it does not name", () => {
    const limited = stored({ ...S, resourceLimits: { mem: 64 }, executorResources: { cpus: 1 } })
    const app = built({ instances: 3 }, { current: limited, partial: true })
    expect(app.resourceLimits).toEqual({ mem: 64 })
    expect(app.executorResources).toEqual({ cpus: 1, mem: 0, disk: 0 })
  })

  test("gives an app default ports when it leaves the network they were for", () => {
    const bridged = stored(bridge([{ containerPort: 80 }]))
    const host = built({ networks: [{ mode: "host" }] }, { current: bridged, partial: true })
    expect(host.portDefinitions).toHaveLength(1)
    const onHost = stored(D)
    const back = built(
      { networks: [{ mode: "container/bridge" }] },
      { current: onHost, partial: true },
    )
    expect(back.container?.portMappings).toHaveLength(1)
    expect(back.portDefinitions).toEqual([])
  })

  test("may only name the version it goes back to", () => {
    const options = { rules: allRules, base: ROOT, update: true }
    expect(parseApp({ id: "/s", version: at }, options)).toMatchObject({
      ok: true,
      value: { rollbackTo: at, fields: {} },
    })
    const code = "illegal"
    expect(parseApp({ id: "/s", version: at, instances: 2 }, options)).toEqual({
      ok: false,
      error: { code, message: "The 'version' field may only be combined with the 'id' field." },
    })
    expect(parseApp({ id: "/s", version: "yesterday" }, options)).toEqual({
      ok: false,
      error: {
        code,
        message: "Invalid timestamp provided 'yesterday'. Expecting ISO-8601 datetime string.",
      },
    })
  })
})

test("takes its role from a group that enforces it", () => {
  const app = { ...S, id: "/g/h/s" }
  expect(built(app).role).toBe("*")
  expect(built(app, { enforceRole: true }).role).toBe("g")
  expect(rejected({ ...app, role: "*" }, { enforceRole: true })).toEqual({
    code: "invalid",
    details: [{ path: "/role", errors: ["got *, expected one of: [g]"] }],
  })
  expect(built({ ...app, role: "g" }).role).toBe("g")
})

test("says which features are off", () => {
  const rules = { ...allRules, features: new Set<never>() }
  const app = { ...S, gpus: 1, secrets: { a: { source: "a" } } }
  expect(rejected(app, { rules })).toMatchObject({
    details: [
      {
        errors: [
          "Feature gpu_resources is not enabled. Enable with --enable_features gpu_resources)",
        ],
      },
      { errors: ["Feature secrets is not enabled. Enable with --enable_features secrets)"] },
    ],
  })
})

const anyJson = fc.jsonValue({ maxDepth: 4 })
const member = fc.constantFrom(
  ..."id cmd args env cpus instances constraints container networks ports portDefinitions".split(
    " ",
  ),
  ..."healthChecks labels fetch uris ipAddress version check volumes".split(" "),
)

test("answers any body with an app or a rejection, never an exception", () => {
  fc.assert(
    fc.property(fc.oneof(anyJson, fc.dictionary(member, anyJson)), (json) => {
      const result = build(json)
      if (!result.ok && "details" in result.error) expect(result.error.details).not.toBeEmpty()
    }),
  )
})

const validApp = fc.record(
  {
    instances: fc.nat(100),
    cpus: fc.double({ min: 0.001, max: 64, noNaN: true }),
    env: fc.dictionary(fc.string(), fc.string()),
    labels: fc.dictionary(fc.string(), fc.string()),
    constraints: fc.array(fc.constantFrom(["hostname", "UNIQUE"], ["rack", "like", "r.*"])),
    networks: fc.constantFrom([{ mode: "host" }], [{ mode: "container/bridge" }], [{ name: "n" }]),
    portDefinitions: fc.array(fc.record({ port: fc.constant(0) }), { maxLength: 3 }),
    container: fc.constantFrom<Json>(
      { type: "MESOS" },
      { docker: { image: "a" }, portMappings: [{ containerPort: 80, name: "http" }] },
      { type: "MESOS", volumes: [{ containerPath: "a", hostPath: "/a", mode: "ro" }] },
    ),
    healthChecks: fc.constantFrom<Json[]>(
      [{ protocol: "COMMAND", command: { value: "true" } }],
      [{ protocol: "http", port: 80 }],
    ),
    unreachableStrategy: fc.constantFrom<unknown>("disabled", { expungeAfterSeconds: 5 }),
    dependencies: fc.array(fc.constantFrom("../b", "/c", "d")),
  },
  { requiredKeys: [] },
)

test("reads its own answers back to the same app", () => {
  fc.assert(
    fc.property(validApp, (json) => {
      const once = built({ ...S, ...json })
      const wire = JSON.parse(JSON.stringify(encodeApp(once))) as Json
      const again = built(wire)
      expect(again).toEqual(once)
      expect(JSON.parse(JSON.stringify(encodeApp(again)))).toEqual(wire)
    }),
  )
})
