import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import type { PortMapping } from "./container.ts"
import { encodeApp } from "./encode-app.ts"
import { parseApp } from "./parse-app.ts"
import { ROOT } from "./path-id.ts"
import { allRules, at, bridge, build, built, D } from "./test-bodies.ts"
import { hostCheck, rejected, resident, S, stored } from "./test-bodies.ts"
import type { Json } from "./test-bodies.ts"

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
  expect(built({ ...S, residency: {} })).not.toHaveProperty("residency")
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
