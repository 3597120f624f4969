/** Task groups under the agent's own executor, and containers nested in them, through real daemons. */
import { afterEach, expect, test } from "bun:test"
import { readlinkSync } from "node:fs"
import { HttpFramework, scalar } from "../fixtures/http-framework.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds, type AgentPlace } from "../fixtures/world.ts"

const frameworks: HttpFramework[] = []
// Before the master ends.
afterEach(() => {
  for (const framework of frameworks.splice(0)) framework[Symbol.dispose]()
})
const open = testWorlds()

type Json = Readonly<Record<string, unknown>>

/** A cluster of one agent, and a framework on it. */
async function scene() {
  const world = open()
  const master = await world.master()
  const place = await world.place("agent")
  const agent = await world.agent(master, place)
  const framework = await HttpFramework.subscribe(master.mesosUrl, {
    info: { capabilities: [{ type: "TASK_KILLING_STATE" }] },
  })
  frameworks.push(framework)
  return { world, master, place, agent, framework }
}
type Scene = Awaited<ReturnType<typeof scene>>

/** Launches members by their commands as one group, with more for each member where it is given. */
async function launch(
  { framework }: Scene,
  commands: Readonly<Record<string, string>>,
  more: Readonly<Record<string, Json>> = {},
): Promise<void> {
  const offer = await framework.offer()
  const tasks = Object.entries(commands).map(([id, value]) => ({
    name: id,
    task_id: { value: id },
    agent_id: offer.agent_id,
    resources: [scalar("cpus", 0.1), scalar("mem", 32)],
    command: { value },
    ...more[id],
  }))
  const executor = {
    type: "DEFAULT",
    executor_id: { value: "pod" },
    framework_id: { value: framework.id },
    resources: [scalar("cpus", 0.1), scalar("mem", 32), scalar("disk", 16)],
  }
  await framework.accept(offer, [
    { type: "LAUNCH_GROUP", launch_group: { executor, task_group: { tasks } } },
  ])
}

/** The sandboxes of the executor's only run: of itself, and of a member by its task's id. */
async function sandboxes({ workDir }: AgentPlace) {
  const [found = ""] = await Array.fromAsync(
    new Bun.Glob("slaves/*/frameworks/*/executors/pod/runs/*/containers").scan({
      cwd: workDir,
      onlyFiles: false,
    }),
  )
  const own = `${workDir}/${found.replace(/\/containers$/, "")}`
  return { own, ofTask: (id: string) => `${own}/tasks/${readlinkSync(`${own}/tasks/${id}`)}` }
}

const lastStates = ({ framework }: Scene): Record<string, string> =>
  Object.fromEntries(framework.statuses.map(({ task_id, state }) => [task_id.value, state]))

test("members run side by side, each in a sandbox within their executor's", async () => {
  const at = await scene()
  await launch(at, { a: "echo one >made; sleep 1000", b: "echo two >made; sleep 1000" })
  for (const id of ["a", "b"]) await at.framework.until(id, "TASK_RUNNING")
  const { own, ofTask } = await sandboxes(at.place)
  await waitFor("the files", async () => {
    const files = [ofTask("a"), ofTask("b")].map((path) => Bun.file(`${path}/made`))
    const texts = await Promise.all(files.map(async (file) => (await file.exists()) && file.text()))
    return texts.join() === "one\n,two\n"
  })
  expect(ofTask("a")).toStartWith(`${own}/tasks/../containers/`)
  await at.framework.call({ type: "KILL", kill: { task_id: { value: "a" } } })
  for (const id of ["a", "b"]) await at.framework.until(id, "TASK_KILLED")
})

test("one that fails takes its group along, one that finishes does not", async () => {
  const at = await scene()
  const waits = (file: string, code: number): string =>
    `until [ -e ../../${file} ]; do sleep 0.02; done; exit ${code}`
  await launch(at, { done: waits("finish", 0), failed: waits("fail", 7), rest: "sleep 1000" })
  for (const id of ["done", "failed", "rest"]) await at.framework.until(id, "TASK_RUNNING")
  const { own } = await sandboxes(at.place)
  await Bun.write(`${own}/finish`, "")
  await at.framework.until("done", "TASK_FINISHED")
  expect(lastStates(at)).toMatchObject({ failed: "TASK_RUNNING", rest: "TASK_RUNNING" })
  await Bun.write(`${own}/fail`, "")
  await at.framework.until("rest", "TASK_KILLED")
  expect(lastStates(at)).toEqual({
    done: "TASK_FINISHED",
    failed: "TASK_FAILED",
    rest: "TASK_KILLED",
  })
})

test("a member ends within its grace, after an agent's restart too", async () => {
  const at = await scene()
  const stubborn = "trap 'echo asked >asked' TERM; while :; do sleep 0.05; done"
  const kill_policy = { grace_period: { nanoseconds: 1_500_000_000 } }
  await launch(at, { stubborn, rest: "sleep 1000" }, { stubborn: { kill_policy } })
  for (const id of ["stubborn", "rest"]) await at.framework.until(id, "TASK_RUNNING")
  await at.agent.end("SIGKILL")
  await at.world.agent(at.master, at.place)
  await at.framework.call({ type: "KILL", kill: { task_id: { value: "stubborn" } } })
  const states = await at.framework.until("stubborn", "TASK_KILLED")
  expect(states).toContain("TASK_KILLING")
  const { ofTask } = await sandboxes(at.place)
  expect(await Bun.file(`${ofTask("stubborn")}/asked`).text()).toBe("asked\n")
  await at.framework.until("rest", "TASK_KILLED")
})

test("a member that is checked unhealthy ends its group", async () => {
  const at = await scene()
  const health_check = {
    type: "COMMAND",
    command: { value: "test ! -e sick" },
    delay_seconds: 0,
    grace_period_seconds: 0,
    interval_seconds: 0.1,
    consecutive_failures: 1,
  }
  await launch(at, { checked: "sleep 1000", rest: "sleep 1000" }, { checked: { health_check } })
  await waitFor("it to be healthy", () => at.framework.statuses.some(({ healthy }) => healthy))
  await at.framework.until("rest", "TASK_RUNNING")
  const { ofTask } = await sandboxes(at.place)
  await Bun.write(`${ofTask("checked")}/sick`, "")
  await at.framework.until("rest", "TASK_KILLED")
  expect(lastStates(at)["checked"]).toBe("TASK_KILLED")
  expect(at.framework.statuses.filter(({ healthy }) => healthy === false)).not.toEqual([])
})

test("containers nest in a member to any depth, and end with it", async () => {
  const at = await scene()
  await launch(at, { house: "sleep 1000" })
  await at.framework.until("house", "TASK_RUNNING")
  const call = async (type: string, body: Json): Promise<readonly [number, string]> => {
    const answer = await fetch(`http://127.0.0.1:${at.place.port}/api/v1`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ type, [type.toLowerCase()]: body }),
    })
    return [answer.status, await answer.text()]
  }
  const [, text] = await call("GET_CONTAINERS", { show_nested: true })
  const { get_containers } = JSON.parse(text) as {
    readonly get_containers: { readonly containers: readonly { readonly container_id: Json }[] }
  }
  let parent = get_containers.containers
    .map(({ container_id }) => container_id)
    .find((id) => id["parent"] !== undefined)
  for (const value of ["one", "two", "three"]) {
    const container_id = { value, parent }
    const command = { value: `pwd >where; sleep 1000` }
    expect(await call("LAUNCH_CONTAINER", { container_id, command })).toEqual([200, ""])
    parent = container_id
  }
  const { ofTask } = await sandboxes(at.place)
  const inner = `${ofTask("house")}/containers/one/containers/two/containers/three`
  await waitFor("it to run", async () => (await Bun.file(`${inner}/where`).exists()) && true)
  const ended = call("WAIT_CONTAINER", { container_id: parent })
  await at.framework.call({ type: "KILL", kill: { task_id: { value: "house" } } })
  await at.framework.until("house", "TASK_KILLED")
  const [status, how] = await ended
  expect(status).toBe(200)
  expect(JSON.parse(how)).toMatchObject({ wait_container: { exit_status: 9 } })
})
