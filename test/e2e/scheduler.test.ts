import { expect, test } from "bun:test"
import { existsSync } from "node:fs"
import { HttpFramework } from "../fixtures/http-framework.ts"
import { processesOf } from "../fixtures/leaks.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds } from "../fixtures/world.ts"

const open = testWorlds()

test("a framework over HTTP runs a task on an agent to its end", async () => {
  const world = open()
  const cluster = await world.up()
  using framework = await HttpFramework.subscribe(cluster.mesosUrl)
  const offer = await framework.offer()
  const proof = `${world.path}/proof`
  await framework.launch(offer, { taskId: "one", command: `echo $MESOS_EXECUTOR_ID >${proof}` })
  const states = await framework.until("one", "TASK_FINISHED")
  expect(states).toContain("TASK_RUNNING")
  expect(await Bun.file(proof).text()).toBe("one\n")
})

test("a framework kills its task", async () => {
  const world = open()
  const cluster = await world.up()
  using framework = await HttpFramework.subscribe(cluster.mesosUrl)
  await framework.launch(await framework.offer(), { taskId: "one", command: "sleep 600" })
  await framework.until("one", "TASK_RUNNING")
  await framework.call({ type: "KILL", kill: { task_id: { value: "one" } } })
  await framework.until("one", "TASK_KILLED")
})

test("a framework that was away takes its tasks over again", async () => {
  const world = open()
  const cluster = await world.up()
  const first = await HttpFramework.subscribe(cluster.mesosUrl)
  await first.launch(await first.offer(), { taskId: "one", command: "sleep 600" })
  await first.until("one", "TASK_RUNNING")
  first[Symbol.dispose]()
  using second = await HttpFramework.subscribe(cluster.mesosUrl, { id: first.id })
  expect(second.id).toBe(first.id)
  await second.call({ type: "RECONCILE", reconcile: { tasks: [{ task_id: { value: "one" } }] } })
  await second.until("one", "TASK_RUNNING")
  await second.call({ type: "KILL", kill: { task_id: { value: "one" } } })
  await second.until("one", "TASK_KILLED")
})

test("an instance that another replaces hears why, and its calls are refused", async () => {
  const { mesosUrl } = await open().up()
  using first = await HttpFramework.subscribe(mesosUrl)
  using second = await HttpFramework.subscribe(mesosUrl, { id: first.id })
  await waitFor("the end of the first stream", () => first.ended)
  expect(first.error).toBe("Framework failed over")
  expect(first.call({ type: "REVIVE" })).rejects.toThrow("400")
  await second.call({ type: "REVIVE" })
})

test("a framework that is removed cannot come back under its id", async () => {
  const { mesosUrl } = await open().up()
  const first = await HttpFramework.subscribe(mesosUrl)
  await first.call({ type: "TEARDOWN" })
  await waitFor("the end of the stream", () => first.ended)
  const answer = await fetch(`${mesosUrl}/api/v1/scheduler`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      type: "SUBSCRIBE",
      framework_id: { value: first.id },
      subscribe: { framework_info: { user: "root", name: "test", id: { value: first.id } } },
    }),
  })
  expect(await answer.text()).toContain("Framework has been removed")
})

test("tearing a framework down ends its tasks", async () => {
  const world = open()
  const { dcos } = world
  const cluster = await world.up()
  await dcos.ok(`cluster setup ${cluster.routerUrl}`)
  using framework = await HttpFramework.subscribe(cluster.mesosUrl)
  const started = `${world.path}/started`
  const command = `touch ${started}; sleep 600`
  await framework.launch(await framework.offer(), { taskId: "one", command })
  await framework.until("one", "TASK_RUNNING")
  await waitFor("the task to start", () => existsSync(started))
  await dcos.ok(`service shutdown ${framework.id} --yes`)
  await waitFor("its processes to be gone", () => {
    return processesOf(world.path).every((pid) => pid === cluster.pid)
  })
  expect(await dcos.ok("service list")).not.toContain(framework.id)
})

test("the executable speaks protobuf", async () => {
  const world = open()
  const cluster = await world.up()
  // Call: type (2) SUBSCRIBE (1), subscribe (3), in it framework_info (1) with user and name.
  const call = Uint8Array.fromHex("1001 1a08 0a06 0a0175 12016e".replaceAll(" ", ""))
  const answer = await fetch(`${cluster.mesosUrl}/api/v1/scheduler`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf", accept: "application/x-protobuf" },
    body: call,
    signal: AbortSignal.timeout(10_000),
  })
  expect([answer.status, answer.headers.get("content-type")]).toEqual([
    200,
    "application/x-protobuf",
  ])
  const reader = answer.body?.getReader()
  const first = (await reader?.read())?.value ?? new Uint8Array()
  // A record after its length and a newline. Event: type (1) SUBSCRIBED (1), subscribed (2).
  const start = first.indexOf(0x0a) + 1
  expect(first.subarray(start, start + 3)).toEqual(Uint8Array.of(0x08, 0x01, 0x12))
  await reader?.cancel()
})
