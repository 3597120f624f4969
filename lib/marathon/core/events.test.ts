import { expect, test } from "bun:test"
import { pathId, put, testHealthCheck, testSpec } from "./test-app.ts"
import { World } from "./test-world.ts"

test("the life of an app is told in order, with the members that clients read", () => {
  const world = new World()
  const deploymentId = world.deploy(
    put(testSpec({ id: pathId("/g/web"), healthChecks: [testHealthCheck()] })),
  )
  world.advance(6000)
  const types = world.eventTypes().slice(1)
  expect(types).toEqual([
    "group_change_success",
    "deployment_info",
    "add_health_check_event",
    "deployment_step_success",
    "deployment_info",
    "instance_changed_event",
    "instance_changed_event",
    "status_update_event",
    "instance_changed_event",
    "instance_health_changed_event",
    "health_status_changed_event",
    "deployment_step_success",
    "deployment_success",
  ])
  const [instance] = world.instances("/g/web")
  const event = (type: string) => world.events.find(({ eventType }) => eventType === type)
  const version = world.machine.view.app(pathId("/g/web"))?.version
  const timestamp = "2026-01-01T00:00:00.000Z"
  expect(event("group_change_success")).toEqual({
    eventType: "group_change_success",
    timestamp,
    groupId: "/g",
    version,
  })
  expect(event("deployment_info")).toEqual({
    eventType: "deployment_info",
    timestamp,
    plan: {
      id: deploymentId,
      version,
      steps: [
        { actions: [{ action: "StartApplication", app: "/g/web" }] },
        { actions: [{ action: "ScaleApplication", app: "/g/web" }] },
      ],
    },
    currentStep: { actions: [{ action: "StartApplication", app: "/g/web" }] },
  })
  expect(event("status_update_event")).toEqual({
    eventType: "status_update_event",
    timestamp,
    slaveId: "a1",
    taskId: instance?.task?.id,
    taskStatus: "TASK_RUNNING",
    message: "",
    appId: "/g/web",
    host: "a1",
    ipAddresses: [],
    ports: instance?.task?.hostPorts,
    version,
  })
  expect(event("health_status_changed_event")).toMatchObject({
    appId: "/g/web",
    instanceId: instance?.id,
    version,
    alive: true,
  })
  expect(event("instance_health_changed_event")).toMatchObject({
    instanceId: instance?.id,
    runSpecId: "/g/web",
    runSpecVersion: version,
    healthy: true,
  })
  const conditions = world.events.flatMap((one) => one["condition"] ?? [])
  expect(conditions).toEqual(["Scheduled", "Provisioned", "Running"])
})
