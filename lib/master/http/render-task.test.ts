import { expect, test } from "bun:test"
import fc from "fast-check"
import { encodeMessage, type ContainerStatus, type DiscoveryInfo } from "#lib/mesos/index.ts"
import type { TaskView } from "#lib/master/core/views.ts"
import { Bench, resources, taskInfo } from "#lib/master/core/builders.ts"
import { renderTask } from "./render-task.ts"

const task = (over: Partial<TaskView> = {}): TaskView => ({
  text(render) {
    return render(this)
  },
  name: "web",
  taskId: "web.1" as TaskView["taskId"],
  frameworkId: "F" as TaskView["frameworkId"],
  agentId: "S1" as TaskView["agentId"],
  state: "TASK_RUNNING",
  role: "eng",
  resources: resources("cpus:0.5;mem:128;ports:[31000-31001]", "eng"),
  ...over,
})

const shown = (over: Partial<TaskView> = {}): Record<string, unknown> =>
  JSON.parse(renderTask(task(over)).text) as Record<string, unknown>

const text = fc.string({ maxLength: 4 })
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const labels = fc.record({
  labels: fc.array(fc.record({ key: text, value: optional(text) }), { maxLength: 2 }),
})
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

test("shows a plain task with its sums, and no executor of the agent's own", () => {
  expect(shown()).toEqual({
    id: "web.1",
    name: "web",
    framework_id: "F",
    executor_id: "",
    slave_id: "S1",
    state: "TASK_RUNNING",
    resources: { cpus: 0.5, gpus: 0, mem: 128, disk: 0, ports: "[31000-31001]" },
    role: "eng",
    statuses: [],
  })
})

test("shows what instances of a service share, for each of them", () => {
  const service: Partial<TaskView> = {
    user: "svc",
    labels: { labels: [{ key: "team", value: 'the "A" team' }] },
    container: { type: "DOCKER", docker: { image: "web:1" } },
    healthCheck: { type: "TCP", tcp: { port: 80 } },
    limits: { cpus: { value: 2 }, mem: { value: Number.POSITIVE_INFINITY } },
  }
  const first = shown(service)
  expect(first).toMatchObject({
    user: "svc",
    labels: [{ key: "team", value: 'the "A" team' }],
    container: { type: "DOCKER", docker: { image: "web:1" } },
    health_check: { type: "TCP", tcp: { port: 80 } },
    limits: { cpus: 2, mem: "Infinity" },
  })
  expect(shown({ ...service, taskId: "web.2" as TaskView["taskId"] })).toEqual({
    ...first,
    id: "web.2",
  })
})

test("shows any container status as the API encodes it", () => {
  const network = fc.record(
    {
      ipAddresses: fc.array(
        fc.record({ protocol: fc.constantFrom("IPv4", "IPv6"), ipAddress: text }),
        { maxLength: 2 },
      ),
      name: text,
      labels,
    },
    { requiredKeys: [] },
  )
  const status = fc.record(
    {
      containerId: fc.record({ value: text, parent: optional(fc.record({ value: text })) }),
      networkInfos: fc.array(network, { maxLength: 2 }),
      cgroupInfo: fc.constant({ netCls: { classid: 7 } }),
      executorPid: fc.nat(),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<ContainerStatus>
  fc.assert(
    fc.property(status, optional(fc.boolean()), (containerStatus, healthy) => {
      const statuses = [
        { taskId: task().taskId, state: "TASK_RUNNING", timestamp: 1.5, containerStatus, healthy },
      ] as const
      expect(shown({ statuses })["statuses"]).toEqual([
        plain({
          state: "TASK_RUNNING",
          timestamp: 1.5,
          container_status: encodeMessage("mesos.v1.ContainerStatus", containerStatus),
          healthy,
        }),
      ])
    }),
  )
})

test("shows any discovery as the API encodes it", () => {
  const port = fc.record(
    { number: fc.nat(), name: text, protocol: text, labels },
    { requiredKeys: ["number"] },
  )
  const discovery = fc.record(
    {
      visibility: fc.constantFrom("FRAMEWORK", "CLUSTER", "EXTERNAL"),
      name: text,
      environment: text,
      location: text,
      version: text,
      ports: fc.record({ ports: fc.array(port, { maxLength: 2 }) }),
      labels,
    },
    { requiredKeys: ["visibility"] },
  ) as fc.Arbitrary<DiscoveryInfo>
  fc.assert(
    fc.property(discovery, (each) => {
      expect(shown({ discovery: each })["discovery"]).toEqual(
        plain(encodeMessage("mesos.v1.DiscoveryInfo", each)),
      )
    }),
  )
})

/** Whatever happens to the task, its text is what rendering it anew would give. */
test("is never older than the task", () => {
  const bench = new Bench()
  const agent = bench.register()
  const scheduler = bench.subscribe()
  bench.launch(scheduler, [taskInfo("t", agent.id)])
  const framework = bench.master.view.frameworks.get(scheduler.id)!
  const live = framework.tasks.get("t" as TaskView["taskId"])!
  const check = (): string => {
    const { text } = renderTask(live)
    const anew = { ...live, text: (render: (task: TaskView) => string) => render(live) }
    expect(text).toBe(renderTask(anew).text)
    return text
  }
  const texts = [check(), check()]
  for (const state of ["TASK_STARTING", "TASK_RUNNING"] as const) {
    bench.update(agent, scheduler.id, { id: "t", state })
    texts.push(check())
  }
  bench.update(agent, scheduler.id, { id: "t", state: "TASK_RUNNING", healthy: false })
  texts.push(check())
  bench.call(scheduler, { kind: "teardown" })
  texts.push(check())
  expect([texts.length, new Set(texts).size]).toEqual([6, 5])
})
