import { describe, expect, test } from "bun:test"
import { resources, taskInfo } from "#lib/master/core/builders.ts"
import type {
  AgentId,
  CommandInfo,
  ContainerInfo,
  ExecutorId,
  ExecutorInfo,
  FrameworkId,
  TaskInfo,
  VolumeSource,
} from "#lib/mesos/index.ts"
import { checkProblem, healthCheckProblem, inferHealthCheckType } from "./check.ts"
import { containerProblem, environmentProblem } from "./command.ts"
import { groupExecutorProblem, launchExecutorProblem } from "./executor.ts"
import { changeProblem } from "./framework.ts"
import { groupProblem, taskProblem, type TaskRules } from "./task.ts"

const AGENT = "S0" as AgentId
const FRAMEWORK = "F0" as FrameworkId
const RULES: TaskRules = {
  agentId: AGENT,
  agentCapabilities: ["TASK_RESOURCE_LIMITS"],
  role: "web",
  inUse: (id) => (id === ("used" as string) ? "live" : undefined),
  executor: { frameworkId: FRAMEWORK, live: undefined },
}
const task = (over: Partial<TaskInfo> = {}, id = "t1"): TaskInfo => taskInfo(id, AGENT, over)
const executor = (over: Partial<ExecutorInfo> = {}): ExecutorInfo => ({
  executorId: "e1" as ExecutorId,
  command: { value: "run" },
  ...over,
})
const ns = (nanoseconds: number) => ({ nanoseconds })

describe("a task", () => {
  test("that is complete is fine", () => {
    expect(taskProblem(task(), RULES)).toBeUndefined()
    const { command: _, ...rest } = task()
    expect(taskProblem({ ...rest, executor: executor() }, RULES)).toBeUndefined()
  })

  test.each([
    ["no command or executor", { command: undefined }, "exactly one of 'CommandInfo'"],
    ["both", { executor: executor() }, "exactly one of 'CommandInfo'"],
    ["a bad id", { taskId: "a/b" }, "'TaskInfo.task_id' is invalid"],
    ["an id in use", { taskId: "used" }, "Task has duplicate ID: used"],
    ["another agent", { agentId: "S1" }, "invalid agent S1 while agent S0 is expected"],
    ["a negative grace", { killPolicy: { gracePeriod: ns(-1) } }, "'kill_policy.grace_period'"],
    ["a negative limit of time", { maxCompletionTime: ns(-1) }, "'max_completion_time'"],
    ["no resources", { resources: [] }, "Task uses no resources"],
    [
      "half a gpu",
      { resources: [{ name: "gpus", value: { kind: "scalar", milli: 500 }, reservations: [] }] },
      "'gpus' resource must be a whole number",
    ],
    [
      "revocable and not",
      { resources: [...resources("cpus:1"), { ...resources("cpus:1")[0]!, revocable: true }] },
      "both revocable and non-revocable 'cpus'",
    ],
    ["a foreign role", { resources: resources("cpus:1", "db") }, "allocated to role 'db'"],
    [
      "unshared cgroups",
      { container: { type: "MESOS", linuxInfo: { shareCgroups: false } } },
      "'TaskInfo.container.linux_info.share_cgroups'",
    ],
    ["a bad health check", { healthCheck: { type: "TCP" } }, "'health_check.tcp'"],
    ["a bad check", { check: { type: "UNKNOWN" } }, "'check.type' UNKNOWN"],
    [
      "a bad environment",
      { command: { value: "x", environment: { variables: [{ name: "A" }] } } },
      "Environment variable 'A' of 'command.environment' of type 'VALUE' must have a value",
    ],
    ["a bad container", { container: { type: "DOCKER" } }, "'container.docker' must be set"],
    ["a limit on disk", { limits: { disk: { value: 1 } } }, "must not name 'disk'"],
    ["a limit below", { limits: { cpus: { value: 0.5 } } }, "limit of 'cpus' (0.5) is below"],
    [
      "a limit without request",
      { resources: resources("cpus:1"), limits: { mem: { value: 5 } } },
      "of which the task requests nothing",
    ],
  ] as const)("with %s is refused", (_name, over, message) => {
    expect(taskProblem({ ...task(), ...over } as TaskInfo, RULES)).toContain(message)
  })

  test("may have limits above its request, up to Infinity, where the agent knows limits", () => {
    const limited = task({ limits: { cpus: { value: Infinity }, mem: { value: 128 } } })
    expect(taskProblem(limited, RULES)).toBeUndefined()
    expect(taskProblem(limited, { ...RULES, agentCapabilities: [] })).toContain(
      "lacks the TASK_RESOURCE_LIMITS capability",
    )
  })
})

describe("an executor of a LAUNCH", () => {
  const rules = { frameworkId: FRAMEWORK, live: undefined }
  test.each([
    [{ type: "DEFAULT" }, "must be 'CUSTOM'"],
    [{ command: undefined }, "'ExecutorInfo.command' must be set"],
    [{ executorId: ".." as ExecutorId }, "'ExecutorInfo.executor_id' is invalid"],
    [{ frameworkId: "F9" as FrameworkId }, "is 'F9', expected 'F0'"],
    [{ shutdownGracePeriod: ns(-1) }, "'ExecutorInfo.shutdown_grace_period'"],
    [
      { resources: resources("cpus:1").map((each) => ({ ...each, name: "" })) },
      "'ExecutorInfo.resources[0].name' is invalid",
    ],
    [{ container: { type: "DOCKER" } }, "'executor.container.docker' must be set"],
  ] as const)("%j is refused", (over, message) => {
    expect(launchExecutorProblem(executor(over as Partial<ExecutorInfo>), rules)).toContain(message)
  })

  test("equals the live one whatever the order of its members and what the master filled in", () => {
    const live = executor({
      frameworkId: FRAMEWORK,
      resources: resources("cpus:1;mem:32", "web"),
      labels: { labels: [{ key: "a", value: "b" }] },
    })
    const again = executor({
      labels: { labels: [{ value: "b", key: "a" }] },
      resources: resources("mem:32;cpus:1"),
      type: "CUSTOM",
    })
    expect(launchExecutorProblem(again, { ...rules, live })).toBeUndefined()
    const other = { ...again, resources: resources("mem:33;cpus:1") }
    expect(launchExecutorProblem(other, { ...rules, live })).toContain("not compatible")
  })
})

describe("an executor of a LAUNCH_GROUP", () => {
  const rules = { frameworkId: FRAMEWORK, live: undefined }
  const { command: _, ...bare } = executor({
    type: "DEFAULT",
    frameworkId: FRAMEWORK,
    resources: resources("cpus:0.01;mem:32;disk:1"),
  })
  test("of type DEFAULT needs no command", () => {
    expect(groupExecutorProblem(bare, rules)).toBeUndefined()
  })

  test.each([
    [{ type: "CUSTOM" }, "must be set for 'CUSTOM'"],
    [{ type: "UNKNOWN" }, "must be 'DEFAULT' or 'CUSTOM'"],
    [{ container: { type: "DOCKER", docker: { image: "x" } } }, "must be 'MESOS'"],
    [
      { container: { type: "MESOS", mesos: { image: { type: "DOCKER" } } } },
      "'ExecutorInfo.container.mesos.image' must not be set",
    ],
    [
      { container: { type: "MESOS", linuxInfo: { shareCgroups: true } } },
      "share_cgroups' must not be true",
    ],
    [{ resources: resources("cpus:0.009;mem:32;disk:1") }, "at least 0.01 cpus"],
    [{ resources: resources("cpus:0.01;mem:32") }, "some disk"],
  ] as const)("%j is refused", (over, message) => {
    expect(groupExecutorProblem({ ...bare, ...over }, rules)).toContain(message)
  })

  const group = (...tasks: readonly TaskInfo[]) => groupProblem(bare, tasks, RULES)
  const own = { container: { type: "MESOS", linuxInfo: { shareCgroups: false } } } as const

  test("a group of good tasks is fine", () => {
    expect(group(task(), task({}, "t2"))).toBeUndefined()
    expect(group(task({ ...own, limits: { cpus: { value: 2 } } }))).toBeUndefined()
  })

  test("names the task and what is wrong with it", () => {
    expect(group(task({ executor: executor() }))).toContain("differs from the `ExecutorInfo`")
    expect(group(task({ limits: { cpus: { value: 2 } } }))).toContain("'share_cgroups' is false")
    expect(group(task(own), task({}, "t2"))).toContain("must be the same for all tasks")
    const networkInfos = [{ name: "overlay" }]
    const checked = task({
      container: { type: "MESOS", networkInfos },
      healthCheck: { type: "HTTP", http: { port: 80 } },
    })
    expect(group(checked)).toContain("'health_check' of type HTTP is not supported")
  })
})

describe("health checks", () => {
  const command: CommandInfo = { value: "true" }
  test.each([
    [{ type: "HTTP", http: { port: 80, path: "/", scheme: "https" } }, undefined],
    [{ type: "TCP", tcp: { port: 80 } }, undefined],
    [{ type: "COMMAND", command }, undefined],
    [{}, "'health_check.type' must be set"],
    [{ type: "UNKNOWN" }, "UNKNOWN is not a valid health check type"],
    [{ type: "HTTP" }, "Expecting 'health_check.http'"],
    [{ type: "COMMAND" }, "Expecting 'health_check.command'"],
    [{ type: "COMMAND", command: {} }, "'health_check.command.value' must be set"],
    [{ type: "HTTP", http: { port: 80, path: "x" } }, "'x' of 'health_check.http' must start"],
    [{ type: "HTTP", http: { port: 80, scheme: "ftp" } }, "'health_check.http.scheme': 'ftp'"],
    [{ type: "TCP", tcp: { port: 80 }, delaySeconds: -1 }, "'health_check.delay_seconds'"],
    [
      { type: "TCP", tcp: { port: 80 }, gracePeriodSeconds: Number.NaN },
      "'health_check.grace_period_seconds'",
    ],
  ] as const)("%j: %p", (check, message) => {
    const problem = healthCheckProblem(check)
    if (message === undefined) expect(problem).toBeUndefined()
    else expect(problem).toContain(message)
  })

  test("have their type inferred from what they carry", () => {
    expect(inferHealthCheckType({ command })).toEqual({ type: "COMMAND", command })
    expect(inferHealthCheckType({ http: { port: 1 } }).type).toBe("HTTP")
    expect(inferHealthCheckType({ tcp: { port: 1 } }).type).toBeUndefined()
    expect(inferHealthCheckType({ type: "TCP", http: { port: 1 } }).type).toBe("TCP")
  })
})

describe("checks", () => {
  test.each([
    [{ type: "COMMAND", command: { command: { value: "true" } } }, undefined],
    [{ type: "HTTP", http: { port: 80 } }, undefined],
    [{ type: "TCP", tcp: { port: 80 } }, undefined],
    [{}, "'check.type' must be set"],
    [{ type: "COMMAND" }, "Expecting 'check.command'"],
    [{ type: "HTTP" }, "Expecting 'check.http'"],
    [{ type: "TCP" }, "Expecting 'check.tcp'"],
    [{ type: "HTTP", http: { port: 80, path: "x" } }, "must start with '/'"],
    [{ type: "TCP", tcp: { port: 80 }, intervalSeconds: -1 }, "'check.interval_seconds'"],
  ] as const)("%j: %p", (check, message) => {
    const problem = checkProblem(check)
    if (message === undefined) expect(problem).toBeUndefined()
    else expect(problem).toContain(message)
  })
})

describe("environments", () => {
  test.each([
    [{ name: "A", value: "1" }, undefined],
    [{ name: "A", type: "VALUE", value: "" }, undefined],
    [{ name: "A", type: "SECRET", secret: { type: "VALUE", value: { data: "eA==" } } }, undefined],
    [
      { name: "A", type: "SECRET", secret: { type: "REFERENCE", reference: { name: "s" } } },
      undefined,
    ],
    [{ name: "A", type: "UNKNOWN" }, "of type 'UNKNOWN' is not allowed"],
    [{ name: "A", value: "1", secret: { type: "VALUE" } }, "must not have a secret set"],
    [{ name: "A", type: "SECRET" }, "must have a secret set"],
    [{ name: "A", type: "SECRET", value: "1", secret: {} }, "must not have a value set"],
    [{ name: "A", type: "SECRET", secret: {} }, "a secret of unknown type"],
    [
      { name: "A", type: "SECRET", secret: { type: "VALUE", value: { data: "YQBi" } } },
      "a secret with null bytes",
    ],
    [{ name: "A", type: "SECRET", secret: { type: "VALUE" } }, "without 'value'"],
    [{ name: "A", type: "SECRET", secret: { type: "REFERENCE" } }, "without 'reference'"],
    [
      {
        name: "A",
        type: "SECRET",
        secret: { type: "VALUE", value: { data: "" }, reference: { name: "s" } },
      },
      "with 'reference'",
    ],
    [
      {
        name: "A",
        type: "SECRET",
        secret: { type: "REFERENCE", reference: { name: "s" }, value: { data: "" } },
      },
      "with 'value'",
    ],
  ] as const)("%j: %p", (variable, message) => {
    const problem = environmentProblem("command.environment", { variables: [variable] })
    if (message === undefined) expect(problem).toBeUndefined()
    else expect(problem).toContain(message)
  })
})

describe("containers", () => {
  const from = (source: VolumeSource): ContainerInfo => ({
    type: "MESOS",
    volumes: [{ mode: "RW", containerPath: "a", source }],
  })
  test.each([
    [{ type: "MESOS" }, undefined],
    [{ type: "DOCKER", docker: { image: "x" } }, undefined],
    [{ type: "MESOS", volumes: [{ mode: "RW", containerPath: "a", hostPath: "/b" }] }, undefined],
    [{ type: "MESOS", volumes: [{ mode: "RW", containerPath: "a" }] }, "'container.volumes[0]'"],
    [
      {
        type: "MESOS",
        volumes: [{ mode: "RW", containerPath: "a", hostPath: "/b", source: {} }],
      },
      "exactly one of 'host_path', 'image' and 'source'",
    ],
    [
      { type: "DOCKER", docker: { image: "x", parameters: [{ key: "name", value: "y" }] } },
      "must not set 'name'",
    ],
    [from({ type: "HOST_PATH", hostPath: { path: "/b" } }), undefined],
    [from({}), "'container.volumes[0]' has a 'source.type' that is unknown"],
    [from({ type: "DOCKER_VOLUME" }), "must have 'source.docker_volume'"],
    [from({ type: "HOST_PATH" }), "must have 'source.host_path'"],
    [from({ type: "SANDBOX_PATH" }), "must have 'source.sandbox_path'"],
    [from({ type: "SECRET" }), "must have 'source.secret'"],
    [from({ type: "CSI_VOLUME" }), "must have 'source.csi_volume'"],
    [
      from({ type: "CSI_VOLUME", csiVolume: { pluginName: "p" } }),
      "must have 'source.csi_volume.static_provisioning'",
    ],
  ] as readonly (readonly [ContainerInfo, string | undefined])[])(
    "%j: %p",
    (container, message) => {
      const problem = containerProblem("container", container)
      if (message === undefined) expect(problem).toBeUndefined()
      else expect(problem).toContain(message)
    },
  )
})

test("a framework that did not say whether it checkpoints may say that it does not", () => {
  const info = { user: "svc", name: "x" }
  expect(changeProblem(info, { ...info, checkpoint: false, name: "y" })).toBeUndefined()
})
