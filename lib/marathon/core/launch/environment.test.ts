import { describe, expect, test } from "bun:test"
import type { App } from "#lib/marathon/model/index.ts"
import { testAppVersion } from "#lib/marathon/core/test-app.ts"
import { environmentOf } from "./environment.ts"
import type { EnvironmentContext } from "./environment.ts"

const context: EnvironmentContext = {
  taskId: "web.instance-1._app.1",
  host: "h1",
  hostPorts: [],
  ports: [],
  prefix: "",
  enforcesGroupRole: false,
}

const env = (app: Partial<App>, change: Partial<EnvironmentContext> = {}): Record<string, string> =>
  Object.fromEntries(
    environmentOf(testAppVersion({ portDefinitions: [], ...app }), { ...context, ...change }).map(
      ({ name, value }) => [name, value ?? ""],
    ),
  )

const mapping = (containerPort: number, hostPort?: number, name?: string) => ({
  containerPort,
  hostPort,
  name,
  servicePort: 10_000,
  protocol: "tcp" as const,
  labels: {},
  networkNames: [],
})

const bridged = (...portMappings: ReturnType<typeof mapping>[]): Partial<App> => ({
  networks: [{ mode: "container/bridge", labels: {} }],
  container: {
    type: "DOCKER",
    docker: { image: "nginx", forcePullImage: false, privileged: false, parameters: [] },
    portMappings,
    volumes: [],
  },
})

describe("the environment of a task", () => {
  test("names the task, the app and its resources", () => {
    expect(env({ cpus: 0.5, mem: 128 })).toEqual({
      HOST: "h1",
      MARATHON_APP_ENFORCE_GROUP_ROLE: "FALSE",
      MARATHON_APP_ID: "/web",
      MARATHON_APP_LABELS: "",
      MARATHON_APP_RESOURCE_CPUS: "0.5",
      MARATHON_APP_RESOURCE_DISK: "0.0",
      MARATHON_APP_RESOURCE_GPUS: "0",
      MARATHON_APP_RESOURCE_MEM: "128.0",
      MARATHON_APP_VERSION: "2026-01-01T00:00:00.000Z",
      MESOS_TASK_ID: "web.instance-1._app.1",
    })
  })

  test("has each host port by position, number and name", () => {
    const portDefinitions = [
      { port: 10_000, protocol: "tcp" as const, name: "http-api", labels: {} },
      { port: 10_001, protocol: "tcp" as const, labels: {} },
    ]
    const ports = [31_005, 31_006]
    expect(env({ portDefinitions }, { ports, hostPorts: ports })).toMatchObject({
      PORT: "31005",
      PORT0: "31005",
      PORT1: "31006",
      PORTS: "31005,31006",
      PORT_10000: "31005",
      PORT_10001: "31006",
      "PORT_HTTP-API": "31005",
    })
  })

  test("shows the host port of a mapping, and the container's where there is none", () => {
    const app = bridged(mapping(80, 0), mapping(9000))
    const seen = env(app, { hostPorts: [31_005, null], ports: [31_005, 9000] })
    expect(seen).toMatchObject({
      PORT: "31005",
      PORTS: "31005",
      PORT0: "31005",
      PORT_80: "31005",
      PORT1: "9000",
      PORT_9000: "9000",
      MARATHON_APP_DOCKER_IMAGE: "nginx",
    })
  })

  test("has no ports where the app has none", () => {
    expect(Object.keys(env({})).filter((name) => name.startsWith("PORT"))).toEqual([])
  })

  test("carries labels under clean names, and leaves out long ones", () => {
    const seen = env({ labels: { "a.b-c": "v", long: "x".repeat(512), ["k".repeat(493)]: "v" } })
    expect(seen["MARATHON_APP_LABELS"]).toBe("A_B_C")
    expect(seen["MARATHON_APP_LABEL_A_B_C"]).toBe("v")
  })

  test("lets the app's own variables win", () => {
    const portDefinitions = [{ port: 10_000, protocol: "tcp" as const, labels: {} }]
    const seen = env(
      { env: { PORT0: "x", HOST: "y" }, portDefinitions },
      { ports: [1], hostPorts: [1] },
    )
    expect(seen).toMatchObject({ PORT0: "x", HOST: "y" })
  })

  test("puts the prefix before ports and host only", () => {
    const portDefinitions = [{ port: 10_000, protocol: "tcp" as const, labels: {} }]
    const seen = env({ portDefinitions }, { prefix: "P_", ports: [1], hostPorts: [1] })
    expect(seen).toMatchObject({ P_PORT0: "1", P_HOST: "h1", MARATHON_APP_ID: "/web" })
    expect(seen["PORT0"]).toBeUndefined()
  })

  test("refers to secrets by their source", () => {
    const app = testAppVersion({
      env: { PASSWORD: { secret: "pw" } },
      secrets: { pw: { source: "/db/pw" } },
    })
    const variable = environmentOf(app, context).find(({ name }) => name === "PASSWORD")
    expect(variable).toEqual({
      name: "PASSWORD",
      type: "SECRET",
      secret: { type: "REFERENCE", reference: { name: "/db/pw" } },
    })
  })
})
