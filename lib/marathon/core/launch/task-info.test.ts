import { describe, expect, test } from "bun:test"
import { brandId } from "#lib/mesos/index.ts"
import type { AgentId, TaskId, TaskInfo } from "#lib/mesos/index.ts"
import { Core } from "#lib/marathon/core/core.ts"
import { DEFAULT_OPTIONS } from "#lib/marathon/core/options.ts"
import { State } from "#lib/marathon/core/state.ts"
import { pathId, testAppVersion, testHealthCheck } from "#lib/marathon/core/test-app.ts"
import type { App, Container, PortMapping } from "#lib/marathon/model/index.ts"
import { taskInfoOf } from "./task-info.ts"

const build = (app: Partial<App>, ports: readonly (number | null)[] = [31_005]): TaskInfo =>
  taskInfoOf(
    new Core(new State(), DEFAULT_OPTIONS),
    testAppVersion(app),
    brandId<TaskId>("web.instance-1._app.1"),
    {
      placement: { agentId: brandId<AgentId>("a1"), host: "h1", attributes: {} },
      resources: [],
      ports,
    },
  )

const portMapping = (change: Partial<PortMapping> = {}): PortMapping => ({
  containerPort: 80,
  hostPort: 0,
  servicePort: 10_000,
  protocol: "tcp",
  labels: {},
  networkNames: [],
  ...change,
})

const image = (type: Container["type"], change: Partial<Container> = {}): Container => ({
  type,
  docker: { image: "nginx:1", forcePullImage: true, privileged: false, parameters: [] },
  portMappings: [],
  volumes: [],
  ...change,
})

describe("the task of an app", () => {
  test("runs a shell command with its files, labels and grace", () => {
    const info = build({
      id: pathId("/prod/web"),
      cmd: "run $PORT0",
      user: "ada",
      labels: { a: "b" },
      fetch: [{ uri: "http://h/a.tgz", extract: true, executable: false, cache: true }],
      taskKillGracePeriodSeconds: 7,
    })
    expect(info).toMatchObject({
      name: "web.prod",
      agentId: "a1",
      labels: { labels: [{ key: "a", value: "b" }] },
      killPolicy: { gracePeriod: { nanoseconds: 7_000_000_000 } },
      command: {
        shell: true,
        value: "run $PORT0",
        user: "ada",
        uris: [{ value: "http://h/a.tgz", extract: true, executable: false, cache: true }],
      },
    })
    expect(info.container).toBeUndefined()
    expect(info.executor).toBeUndefined()
  })

  test("runs an argument vector without a shell", () => {
    expect(build({ cmd: undefined, args: ["/bin/x", "y"] }).command).toMatchObject({
      shell: false,
      value: "/bin/x",
      arguments: ["/bin/x", "y"],
    })
    const { docker: _, ...imageless } = image("MESOS")
    const inHost = build({ cmd: undefined, args: ["/bin/x"], container: imageless })
    expect(inHost.command?.value).toBe("/bin/x")
    const inImage = build({ cmd: undefined, args: ["y"], container: image("DOCKER") })
    expect(inImage.command?.value).toBeUndefined()
    expect(inImage.command?.arguments).toEqual(["y"])
  })

  test("is announced to service discovery with its ports", () => {
    const labels = { VIP_0: "/web:80" }
    const portDefinitions = [{ port: 10_000, protocol: "udp,tcp" as const, name: "http", labels }]
    const wire = { labels: [{ key: "VIP_0", value: "/web:80" }] }
    expect(build({ portDefinitions }).discovery).toEqual({
      visibility: "FRAMEWORK",
      name: "web",
      ports: {
        ports: [
          { number: 31_005, name: "http", protocol: "udp", labels: wire },
          { number: 31_005, name: "http", protocol: "tcp", labels: wire },
        ],
      },
    })
  })

  test("in Docker on the bridge publishes its mappings and names itself", () => {
    const info = build({
      networks: [{ mode: "container/bridge", labels: {} }],
      container: image("DOCKER", { portMappings: [portMapping({ name: "http" })] }),
      portDefinitions: [],
    })
    expect(info.container).toMatchObject({
      type: "DOCKER",
      docker: {
        image: "nginx:1",
        network: "BRIDGE",
        forcePullImage: true,
        portMappings: [{ hostPort: 31_005, containerPort: 80, protocol: "tcp" }],
        parameters: [{ key: "label", value: "MESOS_TASK_ID=web.instance-1._app.1" }],
      },
    })
    const [port] = info.discovery?.ports?.ports ?? []
    expect(port).toMatchObject({
      number: 31_005,
      labels: { labels: [{ key: "network-scope", value: "host" }] },
    })
  })

  test("in a Mesos container joins its networks by name", () => {
    const info = build(
      {
        networks: [{ mode: "container", name: "dcos", labels: { x: "y" } }],
        container: image("MESOS", { portMappings: [portMapping({ hostPort: undefined })] }),
        portDefinitions: [],
      },
      [null],
    )
    expect(info.container).toMatchObject({
      type: "MESOS",
      mesos: { image: { type: "DOCKER", docker: { name: "nginx:1" }, cached: false } },
      networkInfos: [
        { name: "dcos", labels: { labels: [{ key: "x", value: "y" }] }, portMappings: [] },
      ],
    })
    const [port] = info.discovery?.ports?.ports ?? []
    expect(port?.number).toBe(80)
    expect(port?.labels?.labels).toEqual([
      { key: "network-scope", value: "container" },
      { key: "network-name", value: "dcos" },
    ])
  })

  test("gets its volumes of each kind", () => {
    const container = image("MESOS", {
      volumes: [
        { kind: "host", containerPath: "/a", hostPath: "/b", mode: "RO" },
        { kind: "secret", containerPath: "pw", secret: "pw" },
        {
          kind: "external",
          containerPath: "/c",
          mode: "RW",
          external: {
            provider: "dvdi",
            name: "vol",
            shared: false,
            options: { "dvdi/driver": "rexray", "dvdi/size": "5" },
          },
        },
      ],
    })
    const { container: built } = build({ container, secrets: { pw: { source: "/db/pw" } } })
    expect(built?.volumes).toEqual([
      { containerPath: "/a", hostPath: "/b", mode: "RO" },
      {
        containerPath: "pw",
        mode: "RO",
        source: { type: "SECRET", secret: { type: "REFERENCE", reference: { name: "/db/pw" } } },
      },
      {
        containerPath: "/c",
        mode: "RW",
        source: {
          type: "DOCKER_VOLUME",
          dockerVolume: {
            driver: "rexray",
            name: "vol",
            driverOptions: { parameter: [{ key: "size", value: "5" }] },
          },
        },
      },
    ])
  })

  test("hands the agent the one health check that it runs", () => {
    const agentRun = testHealthCheck({
      protocol: "MESOS_HTTPS",
      path: "/up",
      maxConsecutiveFailures: 2,
    })
    const info = build({ healthChecks: [testHealthCheck(), agentRun] })
    expect(info.healthCheck).toMatchObject({
      type: "HTTP",
      consecutiveFailures: 2,
      http: { port: 31_005, scheme: "https", path: "/up" },
    })
    const shell = testHealthCheck({ protocol: "COMMAND", command: { value: "true" } })
    expect(build({ healthChecks: [shell] }).healthCheck).toMatchObject({
      type: "COMMAND",
      command: { shell: true, value: "true" },
    })
    expect(build({ healthChecks: [testHealthCheck()] }).healthCheck).toBeUndefined()
  })

  test("hands the agent a check that only reports", () => {
    const timing = { intervalSeconds: 1, timeoutSeconds: 2, delaySeconds: 3 }
    const check = { ...timing, http: { portIndex: 0, path: "/", scheme: "HTTP" as const } }
    expect(build({ check }).check).toMatchObject({
      type: "HTTP",
      http: { port: 31_005, path: "/" },
    })
    const exec = { ...timing, exec: { command: { argv: ["a", "b"] } } }
    expect(build({ check: exec }).check).toMatchObject({
      type: "COMMAND",
      command: { command: { shell: false, value: "a", arguments: ["a", "b"] } },
    })
  })

  test("has its own executor where the app names one", () => {
    const info = build({ executor: "/opt/run", cmd: "x" })
    expect(info.command).toBeUndefined()
    expect(info.executor?.executorId).toBe("marathon-web.instance-1._app.1" as never)
    expect(info.executor?.command?.value).toBe("chmod ug+rx '/opt/run' && exec '/opt/run' x")
  })

  test("is limited as the app says", () => {
    const { limits } = build({ resourceLimits: { cpus: "unlimited", mem: 256 } })
    expect(limits).toEqual({ cpus: { value: Number.POSITIVE_INFINITY }, mem: { value: 256 } })
  })
})
