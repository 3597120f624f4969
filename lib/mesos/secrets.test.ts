import { expect, test } from "bun:test"
import { brandId, type ExecutorId } from "./ids.ts"
import { executorWithoutSecrets, taskWithoutSecrets } from "./secrets.ts"
import type { CommandInfo, ContainerInfo, Secret, TaskInfo } from "./v1/core.ts"

const SECRET: Secret = { type: "VALUE", value: { data: "aHVzaA==" } }
const NAMED: Secret = { type: "REFERENCE", reference: { name: "db/password" } }

const command: CommandInfo = {
  value: "run",
  environment: {
    variables: [
      { name: "OPEN", value: "shown" },
      { name: "HIDDEN", type: "SECRET", secret: SECRET },
      { name: "NAMED", type: "SECRET", secret: NAMED },
    ],
  },
}

const capability = { accessMode: { mode: "SINGLE_NODE_WRITER" } } as const
const container: ContainerInfo = {
  type: "MESOS",
  mesos: { image: { type: "DOCKER", docker: { name: "app", config: SECRET } } },
  volumes: [
    { mode: "RO", containerPath: "key", source: { type: "SECRET", secret: SECRET } },
    {
      mode: "RW",
      containerPath: "data",
      source: {
        type: "CSI_VOLUME",
        csiVolume: {
          pluginName: "nfs",
          staticProvisioning: {
            volumeId: "v1",
            volumeCapability: capability,
            nodeStageSecrets: { key: SECRET },
            nodePublishSecrets: { key: SECRET, other: NAMED },
          },
        },
      },
    },
    {
      mode: "RO",
      containerPath: "image",
      image: { type: "DOCKER", docker: { name: "data", config: SECRET } },
    },
  ],
}

const task: TaskInfo = {
  name: "t",
  taskId: brandId("t"),
  agentId: brandId("S0"),
  command,
  container,
  executor: { executorId: brandId("e"), command, container },
  healthCheck: { type: "COMMAND", command },
  check: { type: "COMMAND", command: { command } },
}

test("no value of a secret is left anywhere, names and all the rest stay", () => {
  const shown = taskWithoutSecrets(task)
  const text = JSON.stringify(shown)
  expect(text).not.toContain("aHVzaA==")
  expect(JSON.stringify(task).replaceAll(',"value":{"data":"aHVzaA=="}', "")).toBe(text)
  expect(text.match(/db\/password/g)).toHaveLength(6)
  expect(taskWithoutSecrets(shown)).toBe(shown)
})

test("what holds no secret is not copied", () => {
  const plain: TaskInfo = {
    name: "t",
    taskId: brandId("t"),
    agentId: brandId("S0"),
    command: { value: "run", environment: { variables: [{ name: "A", value: "b" }] } },
    container: { type: "MESOS", volumes: [{ mode: "RW", containerPath: "a", hostPath: "/a" }] },
  }
  expect(taskWithoutSecrets(plain)).toBe(plain)
  const executor = { executorId: brandId<ExecutorId>("e") }
  expect(executorWithoutSecrets(executor)).toBe(executor)
})
