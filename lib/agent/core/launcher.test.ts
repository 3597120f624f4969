import { expect, test } from "bun:test"
import { brandId, type ContainerInfo, type ExecutorId, type TaskInfo } from "#lib/mesos/index.ts"
import type { ContainerSpec } from "#lib/ports/index.ts"
import { TestWorld, testFramework, testOptions, testTask } from "./test-world.ts"

const world = (change = {}) => new TestWorld(testOptions(change)).register()
const send = (w: TestWorld, task: TaskInfo, acceptedAt = w.now): void =>
  w.receive({ kind: "runTask", framework: testFramework(), task, acceptedAt })

const image = (type: "DOCKER" | "MESOS"): ContainerInfo =>
  type === "DOCKER"
    ? { type, docker: { image: "busybox" } }
    : { type, mesos: { image: { type: "DOCKER", docker: { name: "busybox" } } } }

test("a task finds its ids, sandbox, agent and executable in its environment", () => {
  const w = world({ taskEnvironment: { LANG: "C.UTF-8", MESOS_DIRECTORY: "lost" } })
  const task = testTask("web.1", {
    command: {
      value: "env",
      environment: {
        variables: [
          { name: "PORT0", value: "31000" },
          { name: "PATH", value: "/opt/bin" },
        ],
      },
    },
    resources: [
      {
        name: "cpus",
        value: { kind: "scalar", milli: 100 },
        reservations: [],
        allocationRole: "web",
      },
    ],
  })
  const { environment, sandbox } = w.run(task)
  expect(environment).toEqual({
    DCOS_EXECUTABLE: "/bin/dcos",
    LANG: "C.UTF-8",
    LIBPROCESS_IP: "10.0.2.1",
    LIBPROCESS_PORT: "0",
    MESOS_AGENT_ENDPOINT: "10.0.2.1:5051",
    MESOS_ALLOCATION_ROLE: "web",
    MESOS_CHECKPOINT: "1",
    MESOS_DIRECTORY: sandbox,
    MESOS_EXECUTOR_ID: "web.1",
    MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD: "5secs",
    MESOS_FRAMEWORK_ID: "m-0000",
    MESOS_HTTP_COMMAND_EXECUTOR: "0",
    MESOS_RECOVERY_TIMEOUT: "15mins",
    MESOS_SANDBOX: sandbox,
    MESOS_SLAVE_ID: "m-S0",
    MESOS_SLAVE_PID: "slave(1)@10.0.2.1:5051",
    MESOS_SUBSCRIPTION_BACKOFF_MAX: "2secs",
    PATH: "/opt/bin",
    PORT0: "31000",
  })
})

test("whoever sees the machine's files is told of the agent's socket, if there is one", () => {
  const domainSocket = "/run/agent.sock"
  const socketOf = (task: Partial<TaskInfo>, change: object = { domainSocket }) => {
    const runtimes = new Set(["process", "docker", "runc"])
    return world({ runtimes, ...change }).run(testTask("web.1", task)).environment[
      "MESOS_DOMAIN_SOCKET"
    ]
  }
  expect(socketOf({}, {})).toBeUndefined()
  expect(socketOf({})).toBe(domainSocket)
  expect(socketOf({ container: { type: "MESOS" } })).toBe(domainSocket)
  for (const type of ["MESOS", "DOCKER"] as const)
    expect(socketOf({ container: image(type) })).toBeUndefined()
})

test("a container with an image sees its sandbox inside and keeps the image's path", () => {
  const w = world()
  const spec = w.run(testTask("web.1", { container: image("DOCKER") }))
  expect(spec.environment["MESOS_SANDBOX"]).toBe("/mnt/mesos/sandbox")
  expect(spec.environment["MESOS_CONTAINER_NAME"]).toBe(`mesos-${spec.containerId}`)
  expect(spec.environment["PATH"]).toBeUndefined()
})

test.each([
  ["no container", undefined, "process"],
  ["MESOS without image", { type: "MESOS" }, "process"],
  ["MESOS with image", image("MESOS"), "docker"],
  ["DOCKER", image("DOCKER"), "docker"],
] as const)("%s runs in %3$s", (_name, container, runtime) => {
  const spec = world().run(testTask("web.1", container === undefined ? {} : { container }))
  expect(spec.runtime).toBe(runtime)
})

test("a MESOS container with an image is handed to Docker as Docker understands it", () => {
  const w = world()
  const mappings = [{ hostPort: 31_005, containerPort: 80 }]
  const container: ContainerInfo = {
    type: "MESOS",
    mesos: { image: { type: "DOCKER", docker: { name: "busybox" }, cached: false } },
    volumes: [{ mode: "RW", containerPath: "/data", hostPath: "/srv" }],
    networkInfos: [{ name: "mesos-bridge", portMappings: mappings }],
  }
  const { task } = w.run(testTask("web.1", { container }))
  expect(task.container).toEqual({
    type: "DOCKER",
    docker: {
      image: "busybox",
      network: "BRIDGE",
      forcePullImage: true,
      portMappings: mappings,
    },
    volumes: container.volumes,
    networkInfos: container.networkInfos,
  })
  const [kept] = [...w.agent.workload.tasks()]
  expect(kept?.launch.info.container).toEqual(container)
})

test.each([
  [undefined, "HOST"],
  [[{ name: "dcos" }], "USER"],
] as const)("a MESOS image on networks %j goes to Docker network %s", (networkInfos, network) => {
  const container = { ...image("MESOS"), ...(networkInfos === undefined ? {} : { networkInfos }) }
  const spec = world().run(testTask("web.1", { container }))
  expect(spec.task.container?.docker?.network).toBe(network)
})

test("a task with an image fails, saying what is missing, where there is no Docker", () => {
  const w = world({ runtimes: new Set<ContainerSpec["runtime"]>(["process"]) })
  send(w, testTask("web.1", { container: image("MESOS") }))
  expect(w.all("launch")).toEqual([])
  const { status } = w.updates()[0]!
  expect(status).toMatchObject({
    state: "TASK_FAILED",
    reason: "REASON_CONTAINER_LAUNCH_FAILED",
    source: "SOURCE_AGENT",
  })
  expect(status.message).toContain("start the Docker daemon")
})

test("secrets are in the order to launch and nowhere else, and gone after a restart", () => {
  const w = world()
  const secret = { type: "VALUE" as const, value: { data: "aHVzaA==" } }
  const variables = [{ name: "PASSWORD", type: "SECRET" as const, secret }]
  const volume = { mode: "RO" as const, containerPath: "key" }
  send(
    w,
    testTask("web.1", {
      command: { value: "x", environment: { variables } },
      container: { type: "MESOS", volumes: [{ ...volume, source: { type: "SECRET", secret } }] },
    }),
  )
  const order = w.last("launch")
  expect(order.secretEnvironment).toEqual({ PASSWORD: secret })
  expect(order.volumes).toEqual([
    { containerPath: "key", readOnly: true, source: { kind: "secret", secret } },
  ])
  expect(order.spec.environment["PASSWORD"]).toBeUndefined()
  expect(JSON.stringify([...w.store.values()])).not.toContain("aHVzaA==")
  w.crash()
  w.give({ kind: "start" })
  w.give({ kind: "containerUnknown", containerId: order.spec.containerId })
  expect(w.last("launch").secretEnvironment).toEqual({ PASSWORD: { type: "VALUE" } })
})

test("refuses a task with the default executor, which runs groups", () => {
  const w = world()
  const executor = { type: "DEFAULT", executorId: brandId<ExecutorId>("e") } as const
  send(w, testTask("web.1", { executor }))
  expect(w.updates()[0]?.status).toMatchObject({
    state: "TASK_ERROR",
    reason: "REASON_TASK_INVALID",
  })
  expect(w.all("launch")).toEqual([])
})

test("a launch that is repeated starts nothing twice, running or ended", () => {
  const w = world()
  const spec = w.run(testTask("web.1"))
  const acceptedAt = w.now
  send(w, testTask("web.1"), acceptedAt)
  w.started(spec)
  send(w, testTask("web.1"), acceptedAt)
  w.exited(spec, 0)
  w.acknowledgeAll()
  send(w, testTask("web.1"), acceptedAt)
  expect(w.all("launch")).toHaveLength(1)
})

test("the id of an ended task may be used again", () => {
  const w = world()
  const first = w.run(testTask("web.1"))
  w.started(first)
  w.exited(first, 0)
  w.acknowledgeAll()
  w.advance(1)
  const second = w.run(testTask("web.1"))
  expect(second.containerId).not.toBe(first.containerId)
})

test("a refused launch that is repeated is refused once", () => {
  const w = world()
  const executor = { type: "DEFAULT", executorId: brandId<ExecutorId>("e") } as const
  const task = testTask("web.1", { executor })
  send(w, task)
  send(w, task)
  expect(w.updates()).toHaveLength(1)
})

test("a command task may not take the name of an executor that runs", () => {
  const w = world()
  w.runGroup([testTask("a")])
  send(w, testTask("pod"))
  expect(w.updates().at(-1)?.status).toMatchObject({ taskId: "pod", state: "TASK_ERROR" })
})

test("runs as the framework's user, or the command's, where it may switch", () => {
  expect(world().run(testTask("a")).user).toBeUndefined()
  expect(world({ switchUser: true }).run(testTask("a")).user).toBe("ada")
  const command = { value: "id", user: "bob" }
  expect(world({ switchUser: true }).run(testTask("a", { command })).user).toBe("bob")
})

test.each([
  [{ value: "sleep 10" }, "(Command: sh -c 'sleep 10')"],
  [{ value: "sleep 1000 && echo" }, "(Command: sh -c 'sleep 1000 &...')"],
  [{ value: "/bin/sleep", shell: false, arguments: ["a"] }, "(Command: [/bin/sleep, a])"],
  [{}, "(Command: NO EXECUTABLE)"],
])("the executor of %j is named %s", (command, name) => {
  const w = world()
  w.run(testTask("web.1", { command }))
  const [executor] = [...[...w.agent.workload.frameworks][0]!.executors.values()]
  expect(executor?.launch.info.name).toBe(`Command Executor (Task: web.1) ${name}`)
})

test("links the newest run of an executor", () => {
  const w = world()
  const { containerId } = w.run(testTask("web.1"))
  expect(w.last("launch").links).toEqual([
    {
      link: "/work/slaves/m-S0/frameworks/m-0000/executors/web.1/runs/latest",
      target: containerId,
    },
  ])
})
