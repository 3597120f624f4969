/** Executors with a program of their own, through the public APIs alone, with real processes. */
import { afterEach, expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { networkInterfaces } from "node:os"
import {
  EXECUTOR_MIB,
  TASK_MIB,
  executorInfo,
  executorTask,
  heard,
  isAlive,
  launch,
  pidOf,
  said,
  statusOf,
  untilGone,
} from "../fixtures/executor/place.ts"
import { HttpFramework } from "../fixtures/http-framework.ts"
import { NetworkNamespace, networkNamespaces } from "../fixtures/network-namespace.ts"
import { rootUser, testWith } from "../fixtures/system-parts.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds } from "../fixtures/world.ts"

const frameworks: HttpFramework[] = []
afterEach(() => {
  for (const framework of frameworks.splice(0)) framework[Symbol.dispose]()
})
const open = testWorlds()

const capabilities = ["PARTITION_AWARE", "TASK_KILLING_STATE", "RESERVATION_REFINEMENT"].map(
  (type) => ({ type }),
)

/** A master, an agent with these arguments, and a framework. */
async function scene(args: readonly string[] = [], info: object = {}) {
  const world = open()
  const master = await world.master()
  const place = await world.place("agent", args)
  const agent = await world.agent(master, place)
  const framework = await HttpFramework.subscribe(master.mesosUrl, {
    info: { capabilities, failover_timeout: 600, ...info },
  })
  frameworks.push(framework)
  const message = async (text: string): Promise<void> => {
    const { slaves } = (await (await fetch(`${master.mesosUrl}/slaves`)).json()) as {
      slaves: readonly { readonly id: string }[]
    }
    const agent_id = { value: slaves[0]?.id ?? "" }
    const executor_id = { value: "worker" }
    await framework.call({ type: "MESSAGE", message: { agent_id, executor_id, data: btoa(text) } })
  }
  const { workDir } = place
  return { world, master, place, workDir, agent, framework, message }
}

const shutdown = async (framework: HttpFramework, { agent_id }: { readonly agent_id: object }) =>
  framework.call({ type: "SHUTDOWN", shutdown: { executor_id: { value: "worker" }, agent_id } })

const failure = (framework: HttpFramework) =>
  waitFor("FAILURE", () => framework.failures.find(({ executor }) => executor === "worker"))

test("one executor runs several tasks, talks with its framework, and ends when it is told to", async () => {
  const { world, workDir, framework, message } = await scene()
  const go = `${world.path}/go`
  const offer = await launch(framework, "a", { order: { until: go } })
  const running = await statusOf(framework, "a", "TASK_RUNNING")
  expect(running).toMatchObject({
    source: "SOURCE_EXECUTOR",
    executor_id: { value: "worker" },
    agent_id: offer.agent_id,
  })
  const pid = await pidOf(workDir)
  await launch(framework, "b")
  const group = await framework.offer()
  const tasks = ["c", "d"].map((id) => executorTask(group, id))
  await framework.accept(group, [
    {
      type: "LAUNCH_GROUP",
      launch_group: { executor: executorInfo(framework), task_group: { tasks } },
    },
  ])
  for (const id of ["b", "c", "d"]) await framework.until(id, "TASK_RUNNING")
  expect(heard(workDir).filter((type) => type !== "ACKNOWLEDGED")).toEqual([
    "SUBSCRIBED",
    "LAUNCH",
    "LAUNCH",
    "LAUNCH_GROUP",
  ])

  await message("echo hello")
  await waitFor("the answer", () => framework.messages.length === 1)
  expect(framework.messages).toEqual([{ executor: "worker", data: "hello" }])

  await Bun.write(go, "")
  expect(await framework.until("a", "TASK_FINISHED")).toEqual(["TASK_RUNNING", "TASK_FINISHED"])
  const kill_policy = { grace_period: { nanoseconds: 5_000_000 } }
  await framework.call({ type: "KILL", kill: { task_id: { value: "b" }, kill_policy } })
  const killed = await statusOf(framework, "b", "TASK_KILLED")
  expect(JSON.parse(killed.message ?? "")).toEqual(kill_policy)
  expect([await pidOf(workDir), isAlive(pid)]).toEqual([pid, true])

  await shutdown(framework, offer)
  for (const id of ["c", "d"]) await framework.until(id, "TASK_KILLED")
  expect(await failure(framework)).toEqual({ executor: "worker", status: 0 })
  await untilGone(pid)
})

test("an executor whose agent is killed reconnects, with what the agent never heard", async () => {
  const { world, master, place, workDir, agent, framework } = await scene([
    "--executor-reregistration-timeout",
    "15secs",
  ])
  const [first, second] = [`${world.path}/first`, `${world.path}/second`]
  await launch(framework, "a", { order: { until: first, ends: "TASK_FAILED" } })
  await framework.until("a", "TASK_RUNNING")
  await launch(framework, "b", { order: { until: second } })
  await framework.until("b", "TASK_RUNNING")
  const pid = await pidOf(workDir)

  await agent.end("SIGKILL")
  await Bun.write(first, "")
  await waitFor("an update that is lost", () => said(workDir).some(({ lost }) => lost === true))
  await world.agent(master, place)
  expect(await framework.until("a", "TASK_FAILED")).toEqual(["TASK_RUNNING", "TASK_FAILED"])
  await waitFor("the executor to say what it told again", () =>
    said(workDir).some(({ updates }) => Number(updates) > 0),
  )
  expect(await pidOf(workDir)).toBe(pid)

  await Bun.write(second, "")
  expect(await framework.until("b", "TASK_FINISHED")).toEqual(["TASK_RUNNING", "TASK_FINISHED"])
  await launch(framework, "c")
  await framework.until("c", "TASK_RUNNING")
  await framework.call({ type: "TEARDOWN" })
  await untilGone(pid)
})

test("an executor that does not come back is killed, and its tasks are gone", async () => {
  const { world, master, place, workDir, agent, framework } = await scene()
  await launch(framework, "a")
  await framework.until("a", "TASK_RUNNING")
  const pid = await pidOf(workDir)

  await agent.end("SIGKILL")
  process.kill(pid, "SIGSTOP")
  await world.agent(master, place)
  expect(await statusOf(framework, "a", "TASK_GONE")).toMatchObject({
    source: "SOURCE_AGENT",
    reason: "REASON_EXECUTOR_REREGISTRATION_TIMEOUT",
    message: "Executor did not reregister within 2secs",
  })
  expect(await failure(framework)).toEqual({ executor: "worker", status: 9 })
  await untilGone(pid)
})

test("an executor whose agent stays away ends itself after the recovery timeout", async () => {
  const { world, master, place, workDir, agent, framework } = await scene([
    "--recovery-timeout",
    "500ms",
  ])
  await launch(framework, "a")
  await framework.until("a", "TASK_RUNNING")
  const pid = await pidOf(workDir)
  await agent.end("SIGKILL")
  await untilGone(pid)
  await world.agent(master, place)
  expect(await statusOf(framework, "a", "TASK_FAILED")).toMatchObject({
    source: "SOURCE_AGENT",
    reason: "REASON_EXECUTOR_TERMINATED",
  })
  // Unknown, where the agent registers without it before it has found out how it ended.
  expect([-1, 4 << 8]).toContain((await failure(framework)).status ?? 0)
})

test("an executor of a framework without checkpoints ends with its agent", async () => {
  const { world, master, place, workDir, agent, framework } = await scene([], {
    checkpoint: false,
  })
  await launch(framework, "a")
  await framework.until("a", "TASK_RUNNING")
  const pid = await pidOf(workDir)
  await agent.end("SIGKILL")
  await untilGone(pid)
  await world.agent(master, place)
  await statusOf(framework, "a", "TASK_FAILED")
})

test.each([
  ["exits", 7 << 8, (message: (text: string) => Promise<void>) => message("exit 7")],
  ["is killed", 9, (_: unknown, pid: number) => process.kill(pid, "SIGKILL")],
] as const)("an executor that %s fails its tasks", async (_, status, happens) => {
  const { workDir, framework, message } = await scene()
  await launch(framework, "a")
  await launch(framework, "b")
  for (const id of ["a", "b"]) await framework.until(id, "TASK_RUNNING")
  await happens(message, await pidOf(workDir))
  for (const id of ["a", "b"])
    expect(await statusOf(framework, id, "TASK_FAILED")).toMatchObject({
      source: "SOURCE_AGENT",
      reason: "REASON_EXECUTOR_TERMINATED",
    })
  expect(await failure(framework)).toEqual({ executor: "worker", status })
  // Its id is free again.
  await launch(framework, "c")
  await framework.until("c", "TASK_RUNNING")
  await framework.call({ type: "TEARDOWN" })
  await untilGone(await pidOf(workDir))
})

test("a process that never subscribes is killed, and its tasks fail", async () => {
  const { framework } = await scene(["--executor-registration-timeout", "500ms"])
  await launch(framework, "a", { executor: { command: { value: "sleep 1000" } } })
  expect(await statusOf(framework, "a", "TASK_FAILED")).toMatchObject({
    source: "SOURCE_AGENT",
    reason: "REASON_EXECUTOR_REGISTRATION_TIMEOUT",
    message: "Executor did not register within 500ms",
  })
  expect(await failure(framework)).toEqual({ executor: "worker", status: 9 })
})

test("an executor that ignores SHUTDOWN is killed after its grace", async () => {
  const { workDir, framework, message } = await scene()
  const grace = { shutdown_grace_period: { nanoseconds: 300_000_000 } }
  const offer = await launch(framework, "a", { executor: grace })
  await framework.until("a", "TASK_RUNNING")
  await message("deaf")
  await waitFor("the message", () => heard(workDir).includes("MESSAGE"))
  await shutdown(framework, offer)
  await statusOf(framework, "a", "TASK_FAILED")
  expect(await failure(framework)).toEqual({ executor: "worker", status: 9 })
  expect(heard(workDir)).toContain("SHUTDOWN")
})

/** The limit of memory of the cgroup that a process is in, MiB. */
function memoryLimitMib(pid: number): number {
  const lines = readFileSync(`/proc/${pid}/cgroup`, "utf8").trim().split("\n")
  const found = lines.find((line) => /:memory:|^0::/.test(line)) ?? ""
  const path = found.slice(found.indexOf(":", found.indexOf(":") + 1) + 1)
  const file = found.startsWith("0::")
    ? `/sys/fs/cgroup${path}/memory.max`
    : `/sys/fs/cgroup/memory${path}/memory.limit_in_bytes`
  return Number(readFileSync(file, "utf8")) / 1024 / 1024
}

testWith(rootUser)("an executor's container grows with its tasks", async () => {
  const { workDir, framework } = await scene()
  await launch(framework, "a")
  await framework.until("a", "TASK_RUNNING")
  const pid = await pidOf(workDir)
  expect(memoryLimitMib(pid)).toBe(EXECUTOR_MIB + TASK_MIB)
  await launch(framework, "b")
  await framework.until("b", "TASK_RUNNING")
  expect(memoryLimitMib(pid)).toBe(EXECUTOR_MIB + 2 * TASK_MIB)
  await framework.call({ type: "TEARDOWN" })
  await untilGone(pid)
})

test("executors reach an agent at the address of its machine", async () => {
  const address = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address
  if (address === undefined) throw new Error("this machine has no network")
  const { workDir, framework } = await scene(["--ip", "0.0.0.0", "--advertise-ip", address])
  await launch(framework, "a")
  await framework.until("a", "TASK_RUNNING")
  await framework.call({ type: "TEARDOWN" })
  await untilGone(await pidOf(workDir))
})

testWith(networkNamespaces())(
  "an executor in a network of its own is known by its token, and nobody else is",
  async () => {
    using there = NetworkNamespace.create()
    if (there === undefined) throw new Error("no network namespace")
    const args = ["--ip", "0.0.0.0", "--advertise-ip", there.ours]
    const { place, workDir, framework } = await scene(args)
    const inside = ["exec", ...there.command([])].join(" ")
    const value = executorInfo(framework).command.value.replace("exec", inside)
    await launch(framework, "a", { executor: { command: { value } } })
    await framework.until("a", "TASK_RUNNING")
    for (const path of ["/state", "/api/v1/executor"]) {
      const url = `http://${there.ours}:${place.port}${path}`
      const words = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-d", "{}", url]
      const strangers = Bun.spawnSync(there.command(words)).stdout.toString()
      expect([path, strangers]).toEqual([path, "403"])
    }
    await framework.call({ type: "TEARDOWN" })
    await untilGone(await pidOf(workDir))
  },
)

test("executors find their agent at a socket, and have to prove who they are where that is wanted", async () => {
  const args = ["--http-executor-domain-sockets", "--authenticate-http-executors"]
  const { framework, workDir } = await scene(args)
  const offer = await launch(framework, "a")
  await framework.until("a", "TASK_RUNNING")
  const socket = `${workDir}/agent.sock`
  const ask = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const response = await fetch(`http://agent${path}`, {
      unix: socket,
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    })
    return response.status
  }
  const beat = {
    type: "HEARTBEAT",
    executor_id: { value: "worker" },
    framework_id: { value: framework.id },
  }
  const pid = await pidOf(workDir)
  const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0")
  expect(variables).toContain(`MESOS_DOMAIN_SOCKET=${socket}`)
  const token = variables
    .find((each) => each.startsWith("MESOS_EXECUTOR_AUTHENTICATION_TOKEN="))
    ?.split("=", 2)[1]
  const authorization = `Bearer ${token}`
  expect(await ask("/slave(1)/api/v1/executor", beat)).toBe(401)
  expect(await ask("/slave(1)/api/v1/executor", beat, { authorization })).toBe(202)
  expect(await ask("/slave(1)/api/v1", { type: "GET_HEALTH" })).toBe(200)
  expect(await ask("/state", {})).toBe(403)
  await shutdown(framework, offer)
  await untilGone(pid)
})
