/** Checks, health checks, kill policies and time limits of tasks, on each kind of container. */
import { afterEach, expect, test } from "bun:test"
import { readFileSync, readlinkSync } from "node:fs"
import { untilGone } from "../fixtures/executor/place.ts"
import { freePorts } from "../fixtures/daemons.ts"
import { HttpFramework, scalar, type Status } from "../fixtures/http-framework.ts"
import { command, rootUser, testWith, type Part } from "../fixtures/system-parts.ts"
import { waitFor } from "../fixtures/wait.ts"
import { testWorlds } from "../fixtures/world.ts"

const frameworks: HttpFramework[] = []
afterEach(() => {
  for (const framework of frameworks.splice(0)) framework[Symbol.dispose]()
})
const open = testWorlds()

const RUNC = [rootUser, command("runc"), command("conmon")]

/** Where a task may run: as a process of the machine, or in a container with pids of its own. */
const PLACES: readonly (readonly [string, readonly Part[], object])[] = [
  ["a process", [], {}],
  [
    "a container of runc",
    RUNC,
    { container: { type: "MESOS", linux_info: { share_pid_namespace: false } } },
  ],
]

/** How often, and how patiently, tests check. */
const TIMES = { delay_seconds: 0, interval_seconds: 0.1, timeout_seconds: 10 }
const HEALTH = { ...TIMES, grace_period_seconds: 0, consecutive_failures: 2 }

/** A cluster that runs one task of a framework; its sandbox and what it was told of the task. */
async function run(cmd: string, task: object, args: readonly string[] = []) {
  const world = open()
  const master = await world.master()
  const place = await world.place("agent", args)
  await world.agent(master, place)
  const capabilities = [{ type: "TASK_KILLING_STATE" }]
  const framework = await HttpFramework.subscribe(master.mesosUrl, { info: { capabilities } })
  frameworks.push(framework)
  const offer = await framework.offer()
  const info = {
    name: "one",
    task_id: { value: "one" },
    agent_id: offer.agent_id,
    command: { value: cmd },
    resources: [scalar("cpus", 0.1), scalar("mem", 32)],
    ...task,
  }
  await framework.accept(offer, [{ type: "LAUNCH", launch: { task_infos: [info] } }])
  await framework.until("one", "TASK_RUNNING")
  const [stdout = ""] = [...new Bun.Glob("**/runs/*/stdout").scanSync({ cwd: place.workDir })]
  const sandbox = `${place.workDir}/${stdout.replace(/stdout$/, "")}`
  const status = (wanted: (status: Status) => boolean | undefined): Promise<Status> =>
    waitFor("a status", () => framework.statuses.find(wanted))
  const kill = async (policy?: object): Promise<void> =>
    framework.call({ type: "KILL", kill: { task_id: { value: "one" }, kill_policy: policy } })
  const end = async (): Promise<void> => {
    await kill({ grace_period: { nanoseconds: 0 } })
    await framework.until("one", "TASK_KILLED")
  }
  return { framework, sandbox, status, kill, end }
}

/** Answers on a port of the loopback address, for as long as there is no file of that name. */
const serve = (port: number): string =>
  `touch index.html; busybox httpd -f -p 127.0.0.1:${port} & ` +
  "until [ -e ill ]; do sleep 0.02; done; kill $!; sleep 1000"

const checkOf = (one: Status): object | undefined =>
  one.reason === "REASON_TASK_CHECK_STATUS_UPDATED" ? one.check_status : undefined

for (const [where, parts, place] of PLACES) {
  testWith(...parts)(`a command check runs beside a task in ${where}`, async () => {
    const look = "readlink /proc/self/ns/pid >check.ns; test -e flag"
    const { sandbox, status, end } = await run("readlink /proc/self/ns/pid >task.ns; sleep 1000", {
      ...place,
      check: { type: "COMMAND", command: { command: { value: look } }, ...TIMES },
    })
    const told = (exit_code: number) =>
      status((one) => Bun.deepEquals(checkOf(one), { type: "COMMAND", command: { exit_code } }))
    await told(1)
    await Bun.write(`${sandbox}/flag`, "")
    expect(await told(0)).toMatchObject({ state: "TASK_RUNNING", source: "SOURCE_EXECUTOR" })
    const namespace = (name: string): string => readFileSync(`${sandbox}/${name}.ns`, "utf8")
    expect(namespace("check")).toBe(namespace("task"))
    expect(namespace("task").trim() === readlinkSync("/proc/self/ns/pid")).toBe(parts.length === 0)
    await end()
  })

  testWith(command("busybox"), ...parts)(`HTTP and TCP checks ask a task in ${where}`, async () => {
    const [port = 0] = await freePorts(1)
    const { sandbox, status, end } = await run(serve(port), {
      ...place,
      check: { type: "HTTP", http: { port, path: "/" }, ...TIMES },
      health_check: { type: "TCP", tcp: { port }, ...HEALTH, consecutive_failures: 1000 },
    })
    await status((one) =>
      Bun.deepEquals(checkOf(one), { type: "HTTP", http: { status_code: 200 } }),
    )
    await status((one) => one.healthy === true)
    await Bun.write(`${sandbox}/ill`, "")
    await status((one) => Bun.deepEquals(checkOf(one), { type: "HTTP", http: {} }))
    expect(await status((one) => one.healthy === false)).toMatchObject({
      state: "TASK_RUNNING",
      reason: "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED",
    })
    await end()
  })

  testWith(command("busybox"), ...parts)(
    `a task in ${where} that HTTP finds unhealthy is killed`,
    async () => {
      const [port = 0] = await freePorts(1)
      const { sandbox, framework, status } = await run(serve(port), {
        ...place,
        health_check: { type: "HTTP", http: { port, path: "/" }, ...HEALTH },
      })
      await status((one) => one.healthy === true)
      await Bun.write(`${sandbox}/ill`, "")
      await framework.until("one", "TASK_KILLED")
      expect(framework.statuses.at(-1)).toMatchObject({ state: "TASK_KILLED", healthy: false })
    },
  )

  testWith(...parts)(`a command that finds a task in ${where} unhealthy kills it`, async () => {
    const { sandbox, framework, status } = await run("touch well; sleep 1000", {
      ...place,
      health_check: { type: "COMMAND", command: { value: "test -e well" }, ...HEALTH },
    })
    await status((one) => one.healthy === true)
    await Bun.file(`${sandbox}/well`).delete()
    await framework.until("one", "TASK_KILLED")
    expect(framework.statuses.at(-1)).toMatchObject({ healthy: false })
  })

  testWith(...parts)(`a task in ${where} has its time to end, and no more`, async () => {
    const stubborn = "trap 'touch asked' TERM; touch ready; while :; do sleep 0.05; done"
    const kill_policy = { grace_period: { nanoseconds: 600_000_000_000 } }
    const { sandbox, framework, kill } = await run(stubborn, { ...place, kill_policy })
    await waitFor("the task to be ready", () => Bun.file(`${sandbox}/ready`).exists())
    await kill()
    await waitFor("SIGTERM", () => Bun.file(`${sandbox}/asked`).exists())
    expect(await framework.until("one", "TASK_KILLING")).not.toContain("TASK_KILLED")
    await kill({ grace_period: { nanoseconds: 100_000_000 } })
    expect(await framework.until("one", "TASK_KILLED")).toEqual([
      "TASK_STARTING",
      "TASK_RUNNING",
      "TASK_KILLING",
      "TASK_KILLED",
    ])
    expect(framework.statuses.at(-1)?.message).toContain("Killed")
  })

  testWith(...parts)(`a task in ${where} ends when it has run for as long as it may`, async () => {
    const { framework } = await run("trap '' TERM; while :; do sleep 0.05; done", {
      ...place,
      max_completion_time: { nanoseconds: 300_000_000 },
    })
    await framework.until("one", "TASK_FAILED")
    expect(framework.statuses.at(-1)).toMatchObject({
      source: "SOURCE_EXECUTOR",
      reason: "REASON_MAX_COMPLETION_TIME_REACHED",
    })
  })
}

test("tasks of a framework that is torn down have the shutdown grace to end", async () => {
  const stubborn = "echo $$ >pid; trap 'touch asked' TERM; while :; do sleep 0.05; done"
  const grace = ["--executor-shutdown-grace-period", "300ms"]
  const { sandbox, framework } = await run(stubborn, {}, grace)
  const pid = await waitFor("the task", async () => Number(await Bun.file(`${sandbox}/pid`).text()))
  await framework.call({ type: "TEARDOWN" })
  await waitFor("SIGTERM", () => Bun.file(`${sandbox}/asked`).exists())
  await untilGone(pid)
})
