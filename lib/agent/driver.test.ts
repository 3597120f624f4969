import { expect, test } from "bun:test"
import {
  brandId,
  parseResources,
  renderResources,
  type AgentId,
  type AgentToMaster,
  type executor,
  type ExecutorId,
  type FrameworkId,
  type MasterToAgent,
  type TaskId,
  type TaskInfo,
} from "#lib/mesos/index.ts"
import type {
  Cancel,
  Clock,
  ContainerExit,
  ContainerFailure,
  ContainerId,
  ContainerRecovery,
  ContainerRuntime,
  ContainerSpec,
  ContainerStarted,
  Store,
  Write,
} from "#lib/ports/index.ts"
import { err, ok, type Result } from "#lib/std/result.ts"
import { AgentDriver, type AgentDriverOptions } from "./driver.ts"

/** A clock that moves when the test says so; `soon` is the event loop's own. */
class ManualClock implements Clock {
  time = 1_000_000
  readonly #alarms = new Set<{ readonly at: number; readonly wake: () => void }>()
  now(): number {
    return this.time
  }
  wakeAt(at: number, wake: () => void): Cancel {
    const alarm = { at, wake }
    this.#alarms.add(alarm)
    return () => this.#alarms.delete(alarm)
  }
  soon(run: () => void): void {
    setImmediate(run)
  }
  advance(ms: number): void {
    this.time += ms
    for (const alarm of [...this.#alarms].sort((a, b) => a.at - b.at))
      if (alarm.at <= this.time && this.#alarms.delete(alarm)) alarm.wake()
  }
}

class TestStore implements Store {
  readonly entries = new Map<string, unknown>()
  scan(prefix: string): Promise<(readonly [string, unknown])[]> {
    const found = [...this.entries].filter(([key]) => key.startsWith(prefix))
    return Promise.resolve(found.sort(([a], [b]) => (a < b ? -1 : 1)))
  }
  commit(writes: readonly Write[]): undefined {
    for (const write of writes)
      if (write.kind === "put") this.entries.set(write.key, JSON.parse(JSON.stringify(write.value)))
      else this.entries.delete(write.key)
  }
  close(): Promise<void> {
    return Promise.resolve()
  }
}

type LaunchResult = Result<ContainerStarted, ContainerFailure>

/** A runtime whose containers start when the test settles their launch. */
class TestRuntime implements ContainerRuntime {
  readonly name = "process"
  readonly calls: string[] = []
  readonly specs: ContainerSpec[] = []
  readonly launches = new Map<ContainerId, (result: LaunchResult) => void>()
  readonly prepared = new Map<ContainerId, () => void>()
  readonly signals = new Map<ContainerId, AbortSignal>()
  resized: (spec: ContainerSpec) => Promise<Result<void, string>> = () =>
    Promise.resolve(ok(undefined))
  orphans: Promise<readonly ContainerId[]> = Promise.resolve([])
  recoveries: (() => Promise<ContainerRecovery>)[] = []
  exit: (containerId: ContainerId, exit: ContainerExit) => void = () => {}

  available(): Promise<Result<void, string>> {
    return Promise.resolve(ok(undefined))
  }
  launch(spec: ContainerSpec, signal: AbortSignal, onPrepared: () => void): Promise<LaunchResult> {
    this.prepared.set(spec.containerId, onPrepared)
    this.calls.push(`launch ${spec.task.taskId}`)
    this.specs.push(spec)
    this.signals.set(spec.containerId, signal)
    return new Promise((resolve) => this.launches.set(spec.containerId, resolve))
  }
  recover(spec: ContainerSpec): Promise<ContainerRecovery> {
    this.calls.push(`recover ${spec.task.taskId}`)
    return this.recoveries.shift()?.() ?? Promise.resolve({ kind: "unknown" })
  }
  onExit(listener: typeof this.exit): void {
    this.exit = listener
  }
  resize(spec: ContainerSpec): Promise<Result<void, string>> {
    this.calls.push(`resize ${spec.task.taskId} to ${renderResources(spec.task.resources ?? [])}`)
    return this.resized(spec)
  }
  kill(_containerId: ContainerId, { force }: { readonly force: boolean }): Promise<void> {
    this.calls.push(force ? "kill -9" : "kill")
    return Promise.resolve()
  }
  forget(spec: ContainerSpec): Promise<void> {
    this.calls.push(`forget ${spec.task.taskId}`)
    return Promise.resolve()
  }
  removeOrphans(known: ReadonlySet<ContainerId>): Promise<readonly ContainerId[]> {
    this.calls.push(`orphans but ${known.size}`)
    return this.orphans
  }
  attach(): never {
    throw new Error("not asked for")
  }
  runIn(): never {
    throw new Error("not asked for")
  }
  address(): Promise<string> {
    return Promise.resolve("127.0.0.1")
  }
  statistics(): Promise<undefined> {
    return Promise.reject(new Error("gone"))
  }
  close(): Promise<void> {
    return Promise.resolve()
  }
}

const frameworkId = brandId<FrameworkId>("m-0000")

const task = (id: string, change: Partial<TaskInfo> = {}): TaskInfo => ({
  name: id,
  taskId: brandId<TaskId>(id),
  agentId: brandId<AgentId>("m-S0"),
  command: { value: "true" },
  ...change,
})

/** A driver with everything around it under the test's control. */
class Bench {
  readonly clock = new ManualClock()
  readonly store = new TestStore()
  readonly sent: AgentToMaster[] = []
  readonly log: string[] = []
  readonly exits: string[] = []
  readonly made: string[] = []
  readonly released: string[] = []
  /** Bytes below a path. */
  readonly disk = new Map<string, number>()
  /** How often a disk was measured. */
  measured = 0
  /** Sandboxes on disk that no task owns. */
  readonly stray: string[] = []
  runtime = new TestRuntime()
  fetch: AgentDriverOptions["fetcher"]["fetch"] = () => Promise.resolve(ok(undefined))
  prepare: AgentDriverOptions["volumes"]["prepare"] = () =>
    Promise.resolve(ok({ mounts: [], environment: {} }))
  health: AgentDriverOptions["prober"]["health"] = () =>
    Promise.resolve({ healthy: true, message: "" })
  driver!: AgentDriver

  async start(): Promise<this> {
    const started = await AgentDriver.start(this.options())
    if (!started.ok) throw new Error(started.error)
    this.driver = started.value
    return this
  }

  options(): AgentDriverOptions {
    const { clock, store, runtime } = this
    return {
      agent: {
        info: { hostname: "a1" },
        ip: "10.0.2.1",
        workDir: "/work",
        executable: "/bin/dcos",
        seed: [1, 2, 3, 4],
        switchUser: false,
      },
      clock,
      store,
      log: { enabled: () => true, write: (_level, message) => void this.log.push(message) },
      runtimes: [runtime],
      fetcher: { fetch: (request) => this.fetch(request) },
      prober: {
        health: (spec, check, signal) => this.health(spec, check, signal),
        check: () => Promise.reject(new Error("not asked for")),
      },
      sandboxes: {
        create: (path: string) => {
          this.made.push(path)
          return Promise.resolve(ok(undefined))
        },
        link: (link: string, target: string) => {
          this.made.push(`${link} -> ${target}`)
          return Promise.resolve()
        },
        runs: () => Promise.resolve([...this.stray]),
        removeRun: () => Promise.resolve(),
        diskUsage: () => Promise.resolve({ totalBytes: 100, usedBytes: 10 }),
      } as unknown as AgentDriverOptions["sandboxes"],
      diskMeter: {
        usedBytes: (path) => {
          this.measured++
          return Promise.resolve(this.disk.get(path) ?? 0)
        },
      },
      diskWatch: { intervalMs: 15_000, enforce: true },
      executorTokens: {
        issue: ({ executorId, containerId }) => `proof of ${executorId} in ${containerId}`,
        read: () => undefined,
      },
      volumes: {
        prepare: (request) => this.prepare(request),
        extend: (request) => this.prepare({ ...request, secretEnvironment: {} }),
        environment: () => Promise.resolve({}),
        release: (containerId) => Promise.resolve(void this.released.push(containerId)),
        recover: (known) => Promise.resolve(void this.released.push(`all but ${known.size}`)),
      },
      link: {
        send: (messages) => void this.sent.push(...messages),
        reconnect: () => {},
      },
      onExit: (message) => void this.exits.push(message),
      onFatal: (cause) => {
        throw cause
      },
    }
  }

  async register(): Promise<this> {
    await this.start()
    this.driver.linkOpened()
    this.receive({
      kind: "registered",
      agentId: brandId<AgentId>("m-S0"),
      pingTimeoutMs: 75_000,
      reconcile: [],
    })
    await this.until(() => this.driver.agent.registered)
    return this
  }

  receive(...messages: MasterToAgent[]): void {
    this.driver.linkMessages(messages)
  }

  run(...tasks: readonly TaskInfo[]): void {
    const framework = { id: frameworkId, user: "ada", name: "f" }
    for (const each of tasks)
      this.receive({ kind: "runTask", framework, task: each, acceptedAt: this.clock.time })
  }

  kill(id: string): void {
    this.receive({ kind: "killTask", frameworkId, taskId: brandId<TaskId>(id) })
  }

  /** States of a task that were sent, acknowledging each. */
  async states(id: string, wanted: string): Promise<(string | undefined)[]> {
    const seen: (string | undefined)[] = []
    let next = 0
    await this.until(() => {
      for (; next < this.sent.length; next++) {
        const message = this.sent[next]!
        if (message.kind !== "update" || message.status.taskId !== id) continue
        const { status } = message
        seen.push(status.state)
        this.receive({
          kind: "acknowledge",
          frameworkId,
          taskId: status.taskId,
          uuid: status.uuid!,
        })
      }
      return seen.at(-1) === wanted
    })
    return seen
  }

  async until(condition: () => boolean): Promise<void> {
    for (let turn = 0; turn < 1_000; turn++) {
      if (condition()) return
      await new Promise((resolve) => setImmediate(resolve))
    }
    throw new Error("what was waited for did not happen")
  }

  async settleLaunch(result: LaunchResult = ok({ status: {} })): Promise<ContainerId> {
    await this.until(() => this.runtime.launches.size > 0)
    const [[containerId, settle]] = [...this.runtime.launches] as [
      [ContainerId, (result: LaunchResult) => void],
    ]
    this.runtime.launches.delete(containerId)
    settle(result)
    return containerId
  }
}

test("makes the sandbox and its links, launches, and reports what became of it", async () => {
  const bench = await new Bench().register()
  bench.run(task("a"))
  const containerId = await bench.settleLaunch()
  await bench.states("a", "TASK_RUNNING")
  const runs = "/work/slaves/m-S0/frameworks/m-0000/executors/a/runs"
  expect(bench.made).toEqual([`${runs}/${containerId}`, `${runs}/latest -> ${containerId}`])
  bench.runtime.exit(containerId, { status: 0 })
  await bench.states("a", "TASK_FINISHED")
  expect(bench.runtime.calls).toEqual(["orphans but 0", "launch a", "forget a"])
})

test("says that a task is starting once its container is prepared", async () => {
  const bench = await new Bench().register()
  bench.run(task("a"))
  await bench.until(() => bench.runtime.launches.size > 0)
  expect(bench.sent.filter(({ kind }) => kind === "update")).toEqual([])
  for (const tell of bench.runtime.prepared.values()) tell()
  await bench.states("a", "TASK_STARTING")
  await bench.settleLaunch()
  await bench.states("a", "TASK_RUNNING")
})

test("launches with the volumes and secrets that were made ready, and lets go of them", async () => {
  const bench = new Bench()
  const mount = { source: "/srv", target: "data", kind: "directory", readOnly: false } as const
  bench.prepare = ({ volumes, secretEnvironment }) => {
    expect(volumes).toMatchObject([{ containerPath: "data", source: { path: "/srv" } }])
    expect(secretEnvironment).toMatchObject({ KEY: { value: { data: "aHVzaA==" } } })
    return Promise.resolve(ok({ mounts: [mount], environment: { KEY: "hush" } }))
  }
  await bench.register()
  const secret = { type: "VALUE", value: { data: "aHVzaA==" } } as const
  const variables = [{ name: "KEY", type: "SECRET", secret } as const]
  const volumes = [{ mode: "RW", containerPath: "data", hostPath: "/srv" } as const]
  bench.run(
    task("a", {
      command: { value: "true", environment: { variables } },
      container: { type: "MESOS", volumes },
    }),
  )
  const containerId = await bench.settleLaunch()
  await bench.states("a", "TASK_RUNNING")
  expect(bench.runtime.specs.at(-1)).toMatchObject({
    mounts: [mount],
    environment: { KEY: "hush" },
  })
  const stored = JSON.stringify([...bench.store.entries.values()])
  expect(stored).toContain('"name":"KEY"')
  expect(stored).not.toContain("aHVzaA==")
  expect(stored).not.toContain("hush")
  expect(bench.released).toEqual(["all but 0"])
  bench.runtime.exit(containerId, { status: 0 })
  await bench.states("a", "TASK_FINISHED")
  await bench.until(() => bench.released.length > 1)
  expect(bench.released).toEqual(["all but 0", containerId])
})

test("ends a container that keeps more on disk than it may, for that reason", async () => {
  const bench = await new Bench().register()
  const disk = { name: "disk", value: { kind: "scalar", milli: 10_000 }, reservations: [] } as const
  bench.run(task("a", { resources: [disk] }))
  const containerId = await bench.settleLaunch()
  await bench.states("a", "TASK_RUNNING")
  const sandbox = bench.runtime.specs[0]!.sandbox
  const measure = async (bytes: number): Promise<void> => {
    const before = bench.measured
    bench.disk.set(sandbox, bytes)
    bench.clock.advance(15_000)
    await bench.until(() => bench.measured > before)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await measure(10 * 1024 * 1024)
  expect(bench.runtime.calls).not.toContain("kill -9")
  await measure(10 * 1024 * 1024 + 1)
  await bench.until(() => bench.runtime.calls.includes("kill -9"))
  bench.runtime.exit(containerId, { status: 9 })
  await bench.states("a", "TASK_FAILED")
  expect(bench.sent.findLast((message) => message.kind === "update")).toMatchObject({
    status: {
      source: "SOURCE_AGENT",
      reason: "REASON_CONTAINER_LIMITATION_DISK",
      message: "Disk usage (10485761B) exceeds quota (10MB)",
      limitation: { resources: [disk] },
    },
  })
})

test("volumes that cannot be made ready fail the task and are let go", async () => {
  const bench = new Bench()
  bench.prepare = () => Promise.resolve(err({ message: "the volume 'data' cannot be made ready" }))
  await bench.register()
  bench.run(task("a"))
  await bench.states("a", "TASK_FAILED")
  expect(bench.sent.find((message) => message.kind === "update")).toMatchObject({
    status: {
      reason: "REASON_CONTAINER_LAUNCH_FAILED",
      message: "the volume 'data' cannot be made ready",
    },
  })
  await bench.until(() => bench.released.length > 1)
  expect(bench.runtime.calls).not.toContain("launch a")
})

test("a URI that cannot be fetched fails the task, which is not launched", async () => {
  const bench = new Bench()
  bench.fetch = ({ uris }) =>
    Promise.resolve(err({ uri: uris[0]!.value, message: "http://x/a.tgz answers 404" }))
  await bench.register()
  bench.run(task("a", { command: { value: "true", uris: [{ value: "http://x/a.tgz" }] } }))
  await bench.states("a", "TASK_FAILED")
  const update = bench.sent.find((message) => message.kind === "update")
  expect(update).toMatchObject({
    status: {
      reason: "REASON_CONTAINER_LAUNCH_FAILED",
      message: "http://x/a.tgz answers 404",
    },
  })
  expect(bench.runtime.calls).not.toContain("launch a")
  expect(bench.driver.fetches).toEqual({ succeeded: 0, failed: 1 })
})

test("a fault while launching fails the task, saying what it was", async () => {
  const bench = new Bench()
  bench.fetch = () => Promise.reject(new Error("ENOSPC: no space left on device"))
  await bench.register()
  bench.run(task("a", { command: { uris: [{ value: "http://x/a" }] } }))
  await bench.states("a", "TASK_FAILED")
  expect(JSON.stringify(bench.sent)).toContain("no space left on device")
})

test("launches eight at a time, in order", async () => {
  const bench = await new Bench().register()
  const ids = Array.from({ length: 10 }, (_, index) => `t${index}`)
  bench.run(...ids.map((id) => task(id)))
  await bench.until(() => bench.runtime.launches.size === 8)
  await bench.settleLaunch()
  await bench.until(() => bench.runtime.calls.includes("launch t8"))
  expect(bench.runtime.calls).not.toContain("launch t9")
})

test("launches nothing before it knows the orphans", async () => {
  const bench = new Bench()
  const { promise, resolve } = Promise.withResolvers<readonly ContainerId[]>()
  bench.runtime.orphans = promise
  await bench.register()
  bench.run(task("a"))
  await bench.until(() => bench.driver.agent.workload.tasks().next().done === false)
  for (let turn = 0; turn < 20; turn++) await new Promise((next) => setImmediate(next))
  expect(bench.runtime.calls).toEqual(["orphans but 0"])
  resolve([])
  await bench.until(() => bench.runtime.calls.includes("launch a"))
})

test("asks again for orphans before a launch when they could not be told at the start", async () => {
  const bench = new Bench()
  const refused = Promise.reject(new Error("no daemon"))
  refused.catch(() => {})
  bench.runtime.orphans = refused
  await bench.register()
  await bench.until(() => bench.runtime.calls.length > 0)
  bench.runtime.orphans = Promise.resolve([])
  bench.run(task("a"), task("b"))
  await bench.until(() => bench.runtime.calls.includes("launch b"))
  // What is being launched is no orphan, what comes after it waits, and nobody asks twice.
  const calls = ["orphans but 0", "orphans but 1", "launch a", "launch b"]
  expect(bench.runtime.calls).toEqual(calls)
})

test("a kill aborts the launch", async () => {
  const bench = await new Bench().register()
  bench.run(task("a"))
  await bench.until(() => bench.runtime.launches.size === 1)
  bench.kill("a")
  const [signal] = bench.runtime.signals.values()
  await bench.until(() => signal!.aborted)
  await bench.settleLaunch(err({ reason: "REASON_CONTAINER_LAUNCH_FAILED", message: "aborted" }))
  expect(await bench.states("a", "TASK_KILLED")).toEqual(["TASK_KILLED"])
})

test("a launch that does not end when it is given up counts as failed, and is ended if it comes", async () => {
  const bench = await new Bench().register()
  bench.run(task("a"))
  await bench.until(() => bench.runtime.launches.size === 1)
  bench.kill("a")
  await bench.until(() => bench.runtime.calls.includes("kill -9"))
  bench.clock.advance(30_000)
  await bench.states("a", "TASK_KILLED")
  bench.runtime.calls.length = 0
  await bench.settleLaunch()
  await bench.until(() => bench.runtime.calls.length === 2)
  expect(bench.runtime.calls).toEqual(["forget a", "kill -9"])
})

/** The same machine with a new agent process on it. */
async function restart(old: Bench, recoveries: TestRuntime["recoveries"]): Promise<Bench> {
  await old.driver.stop()
  const bench = new Bench()
  for (const [key, value] of old.store.entries) bench.store.entries.set(key, value)
  bench.runtime.recoveries = recoveries
  return bench.register()
}

test("finds its containers after a restart, trying again while their runtime cannot tell", async () => {
  const first = await new Bench().register()
  first.run(task("a"))
  await first.settleLaunch()
  await first.states("a", "TASK_RUNNING")
  const bench = await restart(first, [
    () => Promise.reject(new Error("daemon is down")),
    () => Promise.resolve({ kind: "exited", exit: { status: 7 << 8 } }),
  ])
  await bench.until(() => bench.log.includes("cannot look for a container, tries again"))
  let recovered = false
  void bench.driver.recovered.then(() => (recovered = true))
  await bench.until(() => bench.runtime.calls.includes("orphans but 1"))
  expect(recovered).toBe(false)
  bench.clock.advance(5_000)
  await bench.states("a", "TASK_FAILED")
  await bench.until(() => recovered)
  expect(JSON.stringify(bench.sent)).toContain("Command exited with status 7")
})

test("forgets the remains of a container that never started before it launches it again", async () => {
  const first = await new Bench().register()
  first.run(task("a"))
  await first.until(() => first.runtime.launches.size === 1)
  const bench = await restart(first, [() => Promise.resolve({ kind: "unknown" })])
  await bench.settleLaunch()
  await bench.states("a", "TASK_RUNNING")
  expect(bench.runtime.calls).toEqual(["recover a", "orphans but 1", "forget a", "launch a"])
})

const withHealth = task("a", {
  healthCheck: { type: "TCP", delaySeconds: 1, timeoutSeconds: 2, gracePeriodSeconds: 0 },
})

test("a health check that never answers counts as failed", async () => {
  const bench = new Bench()
  bench.health = () => new Promise(() => {})
  await bench.register()
  bench.run(withHealth)
  await bench.settleLaunch()
  await bench.states("a", "TASK_RUNNING")
  bench.clock.advance(1_000)
  const before = bench.sent.length
  for (let turn = 0; turn < 20; turn++) await new Promise((next) => setImmediate(next))
  bench.clock.advance(7_000)
  await bench.until(() => bench.sent.length > before)
  expect(bench.sent.at(-1)).toMatchObject({ status: { healthy: false } })
})

test("aborts the probes of a task that is killed", async () => {
  const bench = new Bench()
  let probing: AbortSignal | undefined
  bench.health = (_spec, _check, signal) => {
    probing = signal
    return new Promise(() => {})
  }
  await bench.register()
  bench.run(withHealth)
  await bench.settleLaunch()
  await bench.states("a", "TASK_RUNNING")
  bench.clock.advance(1_000)
  await bench.until(() => probing !== undefined)
  bench.kill("a")
  await bench.until(() => probing!.aborted)
})

test("refuses to start on state that it cannot read, naming the entry", async () => {
  const bench = new Bench()
  bench.store.entries.set("/agent/task/x", { schema: 9 })
  const started = await AgentDriver.start(bench.options())
  expect(started).toEqual({
    ok: false,
    error:
      "the agent's state cannot be read: the store holds /agent/task/x in version 9; this agent reads version 1; an agent without --strict leaves behind what it cannot read",
  })
})

test("ends when the master refuses it", async () => {
  const bench = await new Bench().register()
  bench.receive({ kind: "shutdown", message: "gone" })
  await bench.until(() => bench.exits.length === 1)
  expect(bench.exits).toEqual(["gone"])
})

test("takes over sandboxes that nobody owns", async () => {
  const bench = new Bench()
  bench.stray.push("/work/slaves/S/frameworks/F/executors/E/runs/C")
  await bench.start()
  await bench.until(() => bench.driver.agent.gc.paths.length === 1)
  expect(bench.driver.agent.gc.paths).toEqual(bench.stray)
})

test("a container that cannot be measured has no statistics", async () => {
  const bench = await new Bench().register()
  bench.run(task("a"))
  await bench.settleLaunch()
  const [running] = [...bench.driver.agent.workload.tasks()]
  expect(await bench.driver.statistics(running!.launch.spec!)).toBeUndefined()
})

/** A task of the executor "worker". */
const executorTask = (id: string): TaskInfo => {
  const executor = { executorId: brandId<ExecutorId>("worker"), command: { value: "./worker" } }
  const resources = parseResources("mem:64")
  const { command: _, ...rest } = task(id, { resources: resources.ok ? resources.value : [] })
  return { ...rest, executor }
}

/** An agent whose executor runs, is subscribed, and was given another task; the events it heard. */
async function joined(bench: Bench) {
  await bench.register()
  bench.run(executorTask("a"))
  const containerId = await bench.settleLaunch()
  const heard: string[] = []
  const sink = {
    event: (event: executor.Event) =>
      void heard.push(event.kind === "launch" ? event.task.taskId : event.kind),
    end: () => void heard.push("end"),
  }
  bench.driver.executors.open(containerId, {}, sink)
  await bench.until(() => heard.includes("a"))
  bench.clock.advance(1)
  bench.run(executorTask("b"))
  return { containerId, heard }
}

test("an executor is given a proof of who it is, which is in no book; tasks are given none", async () => {
  const bench = new Bench()
  const { containerId } = await joined(bench)
  const proof = `proof of worker in ${containerId}`
  const shown = bench.runtime.specs[0]?.environment["MESOS_EXECUTOR_AUTHENTICATION_TOKEN"]
  expect(shown).toBe(proof)
  expect(JSON.stringify([...bench.store.entries.values()])).not.toContain("proof")
  bench.run(task("plain"))
  await bench.settleLaunch()
  expect(JSON.stringify(bench.runtime.specs[1])).not.toContain("proof")
})

test("a container is given more before its executor is sent another task", async () => {
  const bench = new Bench()
  const settled = Promise.withResolvers<Result<void, string>>()
  bench.runtime.resized = () => settled.promise
  const { heard } = await joined(bench)
  await bench.until(() => bench.runtime.calls.includes("resize worker to mem:128"))
  expect(heard).toEqual(["subscribed", "a"])
  settled.resolve(ok(undefined))
  await bench.until(() => heard.includes("b"))
})

test.each<[string, () => Promise<Result<void, string>>]>([
  ["refused", () => Promise.resolve(err("no room"))],
  ["a fault", () => Promise.reject(new Error("no room"))],
])("a container that cannot be given more is ended: %s", async (_, resized) => {
  const bench = new Bench()
  bench.runtime.resized = resized
  const { containerId } = await joined(bench)
  await bench.until(() => bench.runtime.calls.includes("kill -9"))
  bench.runtime.exit(containerId, { status: 9 })
  expect(await bench.states("b", "TASK_LOST")).toEqual(["TASK_LOST"])
  const why = expect.stringContaining("no room") as string
  expect(bench.sent).toContainEqual(
    expect.objectContaining({ status: expect.objectContaining({ message: why }) as object }),
  )
})

test("an agent that stops waits a while for what is left of its containers to go", async () => {
  const bench = await new Bench().register()
  const forgotten = Promise.withResolvers<void>()
  bench.runtime.forget = () => forgotten.promise
  bench.run(task("a"))
  bench.runtime.exit(await bench.settleLaunch(), { status: 0 })
  await bench.states("a", "TASK_FINISHED")
  const closed: string[] = []
  bench.runtime.close = () => Promise.resolve(void closed.push("closed"))
  const stopping = bench.driver.stop()
  for (let turn = 0; turn < 20; turn++) await new Promise((next) => setImmediate(next))
  expect(closed).toEqual([])
  bench.clock.advance(2_000)
  await stopping
  expect(closed).toEqual(["closed"])
  forgotten.resolve()
})
