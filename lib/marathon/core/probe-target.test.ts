import { describe, expect, test } from "bun:test"
import { brandId } from "#lib/mesos/index.ts"
import type { AgentId, TaskId } from "#lib/mesos/index.ts"
import { parseProbeName, probeKey } from "./probe-key.ts"
import { healthTarget, readinessTarget } from "./probe-target.ts"
import type { Instance, TaskRecord } from "./records.ts"
import { testAppVersion, testHealthCheck } from "./test-app.ts"

const instance = (change: Partial<TaskRecord> = {}): Instance => {
  const app = testAppVersion()
  return {
    id: "web.instance-1",
    appId: app.id,
    version: app.version,
    role: "*",
    goal: "Running",
    condition: "Running",
    since: 0,
    createdAt: 0,
    incarnation: 1,
    placement: { agentId: brandId<AgentId>("a1"), host: "h1", attributes: {} },
    task: {
      id: brandId<TaskId>("web.instance-1._app.1"),
      stagedAt: 0,
      hostPorts: [31_005],
      portsByIndex: [31_005],
      ipAddresses: [],
      health: [null],
      ready: true,
      ...change,
    },
  }
}

const containerApp = testAppVersion({
  networks: [{ mode: "container", name: "dcos", labels: {} }],
  portDefinitions: [],
  container: {
    type: "MESOS",
    volumes: [],
    portMappings: [
      {
        containerPort: 8080,
        servicePort: 10_000,
        protocol: "tcp",
        name: "api",
        labels: {},
        networkNames: [],
      },
    ],
  },
})

describe("what a health check asks", () => {
  const app = testAppVersion()

  test("the host port at its index, the path with a slash", () => {
    expect(healthTarget(app, testHealthCheck({ path: "up" }), instance())).toEqual({
      kind: "http",
      scheme: "http",
      host: "h1",
      port: 31_005,
      path: "/up",
    })
    expect(healthTarget(app, testHealthCheck({ path: undefined }), instance())).toMatchObject({
      path: "/",
    })
  })

  test("a fixed port where it names one, over TLS or TCP where it says so", () => {
    const fixed = testHealthCheck({ protocol: "HTTPS", port: 443, portIndex: undefined })
    expect(healthTarget(app, fixed, instance())).toMatchObject({ scheme: "https", port: 443 })
    expect(healthTarget(app, testHealthCheck({ protocol: "TCP" }), instance())).toEqual({
      kind: "tcp",
      host: "h1",
      port: 31_005,
    })
  })

  test("the container's own address where no host port was asked, once it is known", () => {
    const inside = { portsByIndex: [null], hostPorts: [] }
    expect(healthTarget(containerApp, testHealthCheck(), instance(inside))).toBeUndefined()
    const ipAddresses = [{ ipAddress: "9.0.1.5", protocol: "IPv4" as const }]
    expect(
      healthTarget(containerApp, testHealthCheck(), instance({ ...inside, ipAddresses })),
    ).toMatchObject({ host: "9.0.1.5", port: 8080 })
  })

  test("nothing where the app has no such port", () => {
    expect(healthTarget(app, testHealthCheck({ portIndex: 3 }), instance())).toBeUndefined()
  })
})

describe("what a readiness check asks", () => {
  const check = {
    name: "ready",
    protocol: "HTTPS" as const,
    path: "/ready",
    portName: "default",
    intervalSeconds: 30,
    timeoutSeconds: 10,
    httpStatusCodesForReady: [200],
    preserveLastResponse: false,
  }

  test("the port of its name", () => {
    expect(readinessTarget(testAppVersion(), check, instance())).toEqual({
      kind: "http",
      scheme: "https",
      host: "h1",
      port: 31_005,
      path: "/ready",
    })
    const named = { ...check, portName: "api" }
    expect(readinessTarget(containerApp, named, instance())).toMatchObject({ port: 31_005 })
  })

  test("nothing where no port has the name", () => {
    const other = { ...check, portName: "other" }
    expect(readinessTarget(testAppVersion(), other, instance())).toBeUndefined()
  })
})

test("probe keys can be read again", () => {
  const key = probeKey("health", 2, "web.instance-1._app.1")
  expect(parseProbeName(key)).toEqual({
    purpose: "health",
    index: 2,
    taskId: "web.instance-1._app.1",
  })
  expect(parseProbeName("nonsense")).toBeUndefined()
})
