import { expect, test } from "bun:test"
import { bridge, built, D, hostCheck, rejected, resident, S } from "./test-bodies.ts"
import type { Json } from "./test-bodies.ts"

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
