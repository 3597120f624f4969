import { expect, test } from "bun:test"
import { existsSync, writeFileSync } from "node:fs"
import { agentCgroup } from "#lib/io/index.ts"
import { HttpFramework, scalar, type Resource } from "../fixtures/http-framework.ts"
import { freePorts } from "../fixtures/daemons.ts"
import { recordsOf } from "../fixtures/leaks.ts"
import { command, rootUser, testWith } from "../fixtures/system-parts.ts"
import { endOf } from "../fixtures/task-end.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds } from "../fixtures/world.ts"

const open = testWorlds()

/** A cluster whose agent is started with these flags, and a framework. */
async function cluster(...args: string[]) {
  const world = open()
  const master = await world.master()
  const place = await world.place("agent", args)
  const agent = await world.agent(master, place)
  const framework = await HttpFramework.subscribe(master.mesosUrl)
  const run = async (taskId: string, task: { command: string; resources: Resource[] }) =>
    framework.launch(await framework.offer(), { taskId, ...task })
  return { agent, place, framework, run, end: (id: string) => endOf(master.mesosUrl, id) }
}

/** Takes that many MiB of memory, and keeps them. */
const take = (mib: number): string =>
  `v=$(head -c ${mib * 1024 * 1024} /dev/zero | tr '\\0' x); echo taken; sleep 1000; echo $v`

const small = [scalar("cpus", 0.1), scalar("mem", 32)]

/** The cgroup of all containers of an agent. */
function cgroupOf(workDir: string): string {
  const root = "/sys/fs/cgroup"
  const hierarchy = existsSync(`${root}/cgroup.controllers`) ? root : `${root}/memory`
  return `${hierarchy}/${agentCgroup(workDir)}`
}

testWith(rootUser)(
  "a task that uses up its memory is ended by the kernel, and says so",
  async () => {
    const { agent, place, framework, run, end } = await cluster()
    await run("greedy", { command: take(100), resources: [scalar("cpus", 0.1), scalar("mem", 48)] })
    const { state, source, reason, message, limitation } = await end("greedy")
    expect([state, source, reason]).toEqual([
      "TASK_FAILED",
      "SOURCE_AGENT",
      "REASON_CONTAINER_LIMITATION_MEMORY",
    ])
    expect(message).toStartWith(
      "Memory limit exceeded: Requested: 48MB Maximum Used: 48MB\n\nMEMORY",
    )
    expect(limitation?.resources).toMatchObject([{ name: "mem", scalar: { value: 48 } }])
    framework[Symbol.dispose]()
    expect(existsSync(cgroupOf(place.workDir))).toBe(true)
    await waitFor("no records", () => recordsOf(place.workDir).length === 0)
    await agent.end("SIGTERM")
    expect(existsSync(cgroupOf(place.workDir))).toBe(false)
  },
)

test("a task that uses up its memory is found by measuring where no cgroup holds it", async () => {
  const { framework, run, end } = await cluster("--isolation", "posix/cpu,posix/mem")
  await run("modest", { command: take(20), resources: [scalar("cpus", 0.1), scalar("mem", 48)] })
  await run("greedy", { command: take(100), resources: [scalar("cpus", 0.1), scalar("mem", 48)] })
  const { state, reason, message } = await end("greedy")
  expect([state, reason]).toEqual(["TASK_FAILED", "REASON_CONTAINER_LIMITATION_MEMORY"])
  expect(message).toStartWith("Memory limit exceeded: Requested: 48MB Maximum Used: ")
  expect(await framework.until("modest", "TASK_RUNNING")).not.toContain("TASK_FAILED")
  await framework.call({ type: "KILL", kill: { task_id: { value: "modest" } } })
  await framework.until("modest", "TASK_KILLED")
  framework[Symbol.dispose]()
})

test("a task that fills its sandbox is ended with Mesos' reason and words", async () => {
  const { framework, run, end } = await cluster(
    "--container-disk-watch-interval=200ms",
    "--resources",
    "cpus:2;mem:512;disk:500;ports:[]",
  )
  const fill = (mib: number) => `head -c ${mib * 1024 * 1024} /dev/zero >large; sleep 1000`
  await run("modest", { command: fill(4), resources: [...small, scalar("disk", 8)] })
  await run("greedy", { command: fill(20), resources: [...small, scalar("disk", 8)] })
  const { state, source, reason, message, limitation } = await end("greedy")
  expect([state, source, reason]).toEqual([
    "TASK_FAILED",
    "SOURCE_AGENT",
    "REASON_CONTAINER_LIMITATION_DISK",
  ])
  expect(message).toMatch(/^Disk usage \(\d+[KM]?B\) exceeds quota \(8MB\)$/)
  expect(limitation?.resources).toMatchObject([{ name: "disk", scalar: { value: 8 } }])
  expect(await framework.until("modest", "TASK_RUNNING")).not.toContain("TASK_FAILED")
  await framework.call({ type: "KILL", kill: { task_id: { value: "modest" } } })
  await framework.until("modest", "TASK_KILLED")
  framework[Symbol.dispose]()
})

/** Launches a group of these commands, each with as much memory and disk as their executor. */
async function launchGroup(
  framework: HttpFramework,
  commands: Readonly<Record<string, string>>,
  more: object = {},
): Promise<void> {
  const offer = await framework.offer()
  const resources = [...small, scalar("disk", 8)]
  const tasks = Object.entries(commands).map(([taskId, value]) => ({
    name: taskId,
    task_id: { value: taskId },
    agent_id: offer.agent_id,
    command: { value },
    resources,
    ...more,
  }))
  const executor = {
    type: "DEFAULT",
    executor_id: { value: "pod" },
    framework_id: { value: framework.id },
    resources,
  }
  const launch_group = { executor, task_group: { tasks } }
  await framework.accept(offer, [{ type: "LAUNCH_GROUP", launch_group }])
}

const withDisk = ["--resources", "cpus:2;mem:512;disk:500;ports:[]"]

for (const [whose, shared, rest] of [
  ["all of a group", true, ["TASK_FAILED", "REASON_CONTAINER_LIMITATION_MEMORY"]],
  ["one member", false, ["TASK_KILLED", undefined]],
] as const)
  testWith(
    rootUser,
    command("runc"),
    command("conmon"),
  )(`memory that is used up ends those whose limit it is: ${whose}`, async () => {
    const { place, framework, end } = await cluster(...withDisk)
    const linux_info = shared ? {} : { linux_info: { share_cgroups: false } }
    await launchGroup(
      framework,
      {
        greedy: `until [ -e ${place.workDir}/go ]; do sleep 0.02; done; ${take(150)}`,
        modest: "sleep 1000",
      },
      { container: { type: "MESOS", ...linux_info } },
    )
    await framework.until("modest", "TASK_RUNNING")
    await framework.until("greedy", "TASK_RUNNING")
    writeFileSync(`${place.workDir}/go`, "")
    const ends = [await end("greedy"), await end("modest")]
    expect(ends.map(({ state, reason }) => [state, reason])).toEqual([
      ["TASK_FAILED", "REASON_CONTAINER_LIMITATION_MEMORY"],
      [...rest],
    ])
    framework[Symbol.dispose]()
  })

test("a group that fills its sandboxes beyond what it has together is ended as a whole", async () => {
  const { framework, end } = await cluster("--container-disk-watch-interval=200ms", ...withDisk)
  const fill = (mib: number) => `head -c ${mib * 1024 * 1024} /dev/zero >large; sleep 1000`
  // Each may take 8 MB, and the executor too.
  await launchGroup(framework, { a: fill(12), b: fill(20) })
  for (const taskId of ["a", "b"]) {
    const { state, reason, message } = await end(taskId)
    expect([state, reason]).toEqual(["TASK_FAILED", "REASON_CONTAINER_LIMITATION_DISK"])
    expect(message).toMatch(/^Disk usage \(\d+[KM]?B\) exceeds quota \(24MB\)$/)
  }
  framework[Symbol.dispose]()
})

test("a task that listens on a port which it was not given is told of, and ended where that is wanted", async () => {
  const watch = ["--isolation", "posix/cpu,posix/mem,network/ports"]
  const { framework, run, end } = await cluster(
    ...watch,
    "--enforce-container-ports",
    "--container-ports-watch-interval",
    "100ms",
  )
  const [free = 0] = await freePorts(1)
  await run("thief", { command: `exec busybox nc -l -p ${free}`, resources: small })
  const { state, reason, message, limitation } = await end("thief")
  expect([state, reason]).toEqual(["TASK_FAILED", "REASON_CONTAINER_LIMITATION"])
  expect(message).toMatch(
    new RegExp(`^Container \\S+ is listening on unallocated port\\(s\\): \\[${free}-${free}\\]$`),
  )
  expect(limitation?.resources).toMatchObject([
    { name: "ports", ranges: { range: [{ begin: free, end: free }] } },
  ])
  framework[Symbol.dispose]()
})
