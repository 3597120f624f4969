import { describe, expect, test } from "bun:test"
import { parseResources, type TaskInfo, type Volume, type VolumeSource } from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import { TestWorld, testOptions, testTask } from "#lib/agent/core/test-world.ts"
import type { AgentOptions } from "#lib/agent/core/types.ts"
import type { ContainerAnswer, ContainerCall, LaunchRequest } from "./calls.ts"

const id = (text: string): ContainerId => text as ContainerId

/** An agent, a task that runs on it, and the answers to calls in the order in which they came. */
class Scene {
  readonly world: TestWorld
  readonly answers = new Map<number, ContainerAnswer>()
  readonly spec: ContainerSpec
  #calls = 0

  constructor(task: Partial<TaskInfo> = {}, options: Partial<AgentOptions> = {}) {
    this.world = new TestWorld(testOptions({ switchUser: true, ...options })).register()
    this.world.onAnswer = (call, answer) => {
      expect(this.answers.has(call)).toBe(false)
      this.answers.set(call, answer)
    }
    this.spec = this.world.runToRunning(testTask("web", task))
  }

  get task(): ContainerId {
    return this.spec.containerId
  }

  /** Makes a call and returns its number. */
  call(request: ContainerCall): number {
    const call = ++this.#calls
    this.world.give({ kind: "containerCall", call, request })
    return call
  }

  /** Makes a call and returns its answer, if it came at once. */
  ask(request: ContainerCall): ContainerAnswer | undefined {
    return this.answers.get(this.call(request))
  }

  launch(containerId: string, more: Partial<LaunchRequest> = {}): number {
    const request = { kind: "launch", purpose: "nested", containerId: id(containerId) } as const
    return this.call({ ...request, command: { value: "sleep 9" }, ...more })
  }

  /** Launches a container and lets it start. */
  run(containerId: string, more: Partial<LaunchRequest> = {}): number {
    const call = this.launch(containerId, more)
    this.started(containerId)
    return call
  }

  started(containerId: string): void {
    this.world.give({ kind: "containerStarted", containerId: id(containerId), status: {} })
  }

  exited(containerId: string, status: number): void {
    this.world.give({ kind: "containerExited", containerId: id(containerId), exit: { status } })
  }

  wait(containerId: string): number {
    return this.call({ kind: "wait", containerId: id(containerId) })
  }

  /** Containers that were told to die, in order. */
  get killed(): readonly string[] {
    return this.world.all("kill").map(({ containerId }) => containerId)
  }

  get launched(): readonly ContainerSpec[] {
    return this.world.all("launch").map(({ spec }) => spec)
  }
}

const DONE: ContainerAnswer = { kind: "done" }
const refusal = (status: 400 | 404 | 500, message: string | RegExp): ContainerAnswer => ({
  kind: "refused",
  status,
  message: typeof message === "string" ? message : (expect.stringMatching(message) as string),
})

describe("launch", () => {
  test("a nested container gets a sandbox in its parent's, its user, and an answer once it runs", () => {
    const s = new Scene()
    const call = s.launch(`${s.task}.side`)
    expect(s.answers.get(call)).toBeUndefined()
    expect(s.launched.at(-1)).toMatchObject({
      containerId: id(`${s.task}.side`),
      runtime: "process",
      parent: s.task,
      sandbox: `${s.spec.sandbox}/containers/side`,
      user: "ada",
      environment: { MESOS_SANDBOX: `${s.spec.sandbox}/containers/side` },
    })
    s.started(`${s.task}.side`)
    expect(s.answers.get(call)).toEqual(DONE)
  })

  test("its volumes and secrets are made ready; no book holds a secret's value", () => {
    const s = new Scene()
    const secret = { type: "VALUE" as const, value: { data: btoa("hush") } }
    const source = (source: VolumeSource): Volume => ({ mode: "RW", containerPath: "in", source })
    const volumes = [
      source({ type: "SECRET", secret }),
      source({ type: "SANDBOX_PATH", sandboxPath: { type: "PARENT", path: "shared" } }),
    ]
    s.world.effects = []
    s.launch(`${s.task}.side`, {
      container: { type: "MESOS", volumes },
      command: {
        value: "x",
        environment: { variables: [{ name: "WORD", type: "SECRET", secret }] },
      },
    })
    expect(s.world.last("launch")).toMatchObject({
      secretEnvironment: { WORD: secret },
      volumes: [
        { source: { kind: "secret", secret } },
        { source: { kind: "sandboxPath", base: s.spec.sandbox, path: "shared" } },
      ],
    })
    expect(JSON.stringify(s.world.all("put"))).not.toContain(btoa("hush"))
    const outside = source({ type: "SANDBOX_PATH", sandboxPath: { type: "SELF", path: "../a" } })
    const call = s.launch(`${s.task}.bad`, { container: { type: "MESOS", volumes: [outside] } })
    expect(s.answers.get(call)).toEqual(refusal(400, /must not lead out of the sandbox/))
  })

  test("containers nest to any depth", () => {
    const s = new Scene()
    let name: string = s.task
    for (const part of ["a", "b", "c", "d"]) s.run((name += `.${part}`))
    expect(s.launched.at(-1)?.sandbox).toBe(
      `${s.spec.sandbox}/containers/a/containers/b/containers/c/containers/d`,
    )
  })

  test("a session shares its parent's sandbox, environment and user, and answers with its streams", () => {
    const s = new Scene({
      command: { value: "x", environment: { variables: [{ name: "A", value: "1" }] } },
    })
    const command = { value: "sh", environment: { variables: [{ name: "TERM", value: "xterm" }] } }
    const call = s.run(`${s.task}.exec`, { purpose: "session", command })
    const spec = s.launched.at(-1)!
    expect(spec).toMatchObject({
      debug: true,
      sandbox: s.spec.sandbox,
      user: "ada",
      parent: s.task,
    })
    expect(spec.environment).toEqual({ ...s.spec.environment, TERM: "xterm" })
    expect(s.answers.get(call)).toEqual({ kind: "streams", spec, session: call })
  })

  test("a standalone container has a sandbox of its own below the work directory", () => {
    const s = new Scene()
    s.run("lone", { purpose: "standalone" })
    expect(s.launched.at(-1)).toMatchObject({ sandbox: "/work/containers/lone" })
    expect(s.launched.at(-1)).not.toHaveProperty("parent")
    expect([...s.world.agent.nested.all][0]).not.toHaveProperty("owner")
  })

  test("the call's user wins", () => {
    const s = new Scene()
    s.run(`${s.task}.exec`, { purpose: "session", command: { value: "sh", user: "root" } })
    expect(s.launched.at(-1)?.user).toBe("root")
  })

  test.each<[string, (s: Scene) => string]>([
    ["a task's container", (s) => s.task],
    ["a container that runs", (s) => (s.run(`${s.task}.a`), `${s.task}.a`)],
    ["one that is being launched", (s) => (s.launch(`${s.task}.a`), `${s.task}.a`)],
    ["one that has ended", (s) => (s.run("l", { purpose: "standalone" }), s.exited("l", 0), "l")],
  ])("the id of %s exists", (_, make) => {
    const s = new Scene()
    const name = make(s)
    expect(s.answers.get(s.launch(name))).toEqual({ kind: "exists" })
  })

  const resources = parseResources("cpus:1")
  const bounded = { resources: resources.ok ? resources.value : [] }
  const own = { container: { type: "MESOS", linuxInfo: { shareCgroups: false } } } as const

  test.each<[string, string, Partial<LaunchRequest>, RegExp]>([
    ["in no container", "gone.a", {}, /^Parent container gone does not exist$/],
    ["deep with resources", "T.a.b", bounded, /one level deep/],
    ["deep with its own cgroups", "T.a.b", own, /one level deep/],
    [
      "with resources in shared cgroups",
      "T.x",
      bounded,
      /need 'container.linux_info.share_cgroups'/,
    ],
    ["as a session with its own cgroups", "T.x", { ...own, purpose: "session" }, /debug container/],
    [
      "without an image where one is asked for",
      "T.x",
      { container: { type: "MESOS", mesos: { image: { type: "APPC" } } } },
      /APPC/,
    ],
    [
      "with an image in a process",
      "T.x",
      {
        container: {
          type: "MESOS",
          mesos: { image: { type: "DOCKER", docker: { name: "busybox" } } },
        },
      },
      /in a process has no image of its own/,
    ],
  ])("is refused %s", (_, name, more, message) => {
    const s = new Scene()
    s.run(`${s.task}.a`)
    expect(s.answers.get(s.launch(name.replace("T", s.task), more))).toEqual(refusal(400, message))
  })

  test("is refused in a debug container", () => {
    const s = new Scene()
    s.run(`${s.task}.exec`, { purpose: "session" })
    const call = s.launch(`${s.task}.exec.a`)
    expect(s.answers.get(call)).toEqual(refusal(400, /is a debug container/))
  })

  test("is refused in a container that ends, starts, or has ended", () => {
    const s = new Scene()
    s.run(`${s.task}.a`)
    s.ask({ kind: "kill", containerId: id(`${s.task}.a`), signal: 9 })
    expect(s.answers.get(s.launch(`${s.task}.a.b`))).toEqual(refusal(400, /'DESTROYING' state/))
    s.exited(`${s.task}.a`, 9)
    expect(s.answers.get(s.launch(`${s.task}.a.b`))).toEqual(refusal(400, /does not exist/))
    s.launch(`${s.task}.slow`)
    expect(s.answers.get(s.launch(`${s.task}.slow.b`))).toEqual(refusal(400, /not started yet/))
  })

  test("a failure is the caller's 400, and how the container ended", () => {
    const s = new Scene()
    const call = s.launch(`${s.task}.a`)
    s.world.give({
      kind: "containerFailed",
      containerId: id(`${s.task}.a`),
      reason: "REASON_CONTAINER_LAUNCH_FAILED",
      message: "no such file",
    })
    expect(s.answers.get(call)).toEqual(refusal(400, "no such file"))
    expect(s.answers.get(s.wait(`${s.task}.a`))).toEqual({
      kind: "ended",
      termination: {
        state: "TASK_FAILED",
        reason: "REASON_CONTAINER_LAUNCH_FAILED",
        message: "no such file",
      },
    })
  })

  test("one that takes too long is given up", () => {
    const s = new Scene()
    s.launch(`${s.task}.a`)
    s.world.advance(600_000)
    expect(s.killed).toEqual([`${s.task}.a`])
  })
})

describe("wait", () => {
  test("everybody hears how a container ended, before and after", () => {
    const s = new Scene()
    s.run(`${s.task}.a`)
    const [first, second] = [s.wait(`${s.task}.a`), s.wait(`${s.task}.a`)]
    s.exited(`${s.task}.a`, 7 << 8)
    const ended: ContainerAnswer = { kind: "ended", termination: { exitStatus: 7 << 8 } }
    expect([first, second, s.wait(`${s.task}.a`)].map((call) => s.answers.get(call))).toEqual([
      ended,
      ended,
      ended,
    ])
  })

  test("a limit that was enforced is told", () => {
    const s = new Scene()
    const limitation = {
      reason: "REASON_CONTAINER_LIMITATION_MEMORY",
      message: "too much",
      resources: [],
    } as const
    const call = s.wait(s.task)
    s.world.give({
      kind: "containerExited",
      containerId: s.task,
      exit: { status: 9, limitation },
    })
    expect(s.answers.get(call)).toEqual({
      kind: "ended",
      termination: {
        exitStatus: 9,
        state: "TASK_FAILED",
        reason: limitation.reason,
        message: "too much",
        limitation: { resources: [] },
      },
    })
  })

  test("a member of a group is waited for while its executor runs", () => {
    const s = new Scene()
    const [a, b] = s.world.runGroup([testTask("a"), testTask("b")])
    for (const spec of [a!, b!]) s.started(spec.containerId)
    const executor = s.wait(a!.containerId.split(".")[0]!)
    s.exited(a!.containerId, 0)
    s.world.acknowledgeAll()
    expect(s.answers.get(s.wait(a!.containerId))).toMatchObject({ kind: "ended" })
    expect(s.answers.get(executor)).toBeUndefined()
    s.exited(b!.containerId, 0)
    s.world.acknowledgeAll()
    expect(s.answers.get(executor)).toEqual({ kind: "ended", termination: {} })
  })

  test("how a task ended can be asked for as long as the agent remembers it", () => {
    const s = new Scene()
    s.exited(s.task, 3 << 8)
    s.world.acknowledgeAll()
    const termination = { exitStatus: 3 << 8 }
    expect(s.answers.get(s.wait(s.task))).toEqual({ kind: "ended", termination })
    expect(s.answers.get(s.wait(`${s.task}.a`))).toMatchObject({ status: 404 })
  })

  test("nobody waits for what never was", () => {
    const s = new Scene()
    expect(s.answers.get(s.wait("nope"))).toEqual(refusal(404, "Container nope cannot be found"))
  })
})

test("a container that takes more than it may is killed, and whoever waits hears why", () => {
  const s = new Scene()
  const name = `${s.task}.a`
  s.run(name)
  const limitation = {
    reason: "REASON_CONTAINER_LIMITATION_MEMORY",
    message: "too much",
    resources: [],
  } as const
  s.world.give({ kind: "limitReached", containerId: id(name), limitation })
  expect(s.killed).toEqual([name])
  const call = s.wait(id(name))
  s.exited(name, 9)
  expect(s.answers.get(call)).toMatchObject({
    termination: { exitStatus: 9, state: "TASK_FAILED", reason: limitation.reason },
  })
})

describe("kill", () => {
  const kill = (s: Scene, name: string, signal = 9) =>
    s.ask({ kind: "kill", containerId: id(name), signal })

  test("SIGKILL is repeated until the container has ended, and takes along what lives in it", () => {
    const s = new Scene()
    for (const name of ["a", "a.b", "a.b.c", "other"]) s.run(`${s.task}.${name}`)
    expect(kill(s, `${s.task}.a`)).toEqual(DONE)
    expect(s.killed).toEqual(["a", "a.b", "a.b.c"].map((name) => `${s.task}.${name}`))
    s.exited(`${s.task}.a.b`, 9)
    s.exited(`${s.task}.a.b.c`, 9)
    s.world.advance(5_000)
    expect(s.killed.slice(3)).toEqual([`${s.task}.a`])
  })

  test("other signals are sent once, and harm nobody else", () => {
    const s = new Scene()
    s.run(`${s.task}.a`)
    expect(kill(s, `${s.task}.a`, 15)).toEqual(DONE)
    expect(s.world.all("kill")).toEqual([
      { kind: "kill", containerId: id(`${s.task}.a`), force: false, signal: 15 },
    ])
  })

  test.each([-1, 65])("signal %p is none, for containers of calls and of tasks", (signal) => {
    const s = new Scene()
    s.run(`${s.task}.a`)
    const none = refusal(500, "Unable to send signal to container: Invalid argument")
    expect(kill(s, `${s.task}.a`, signal)).toEqual(none)
    expect(kill(s, s.task, signal)).toEqual(none)
    expect(s.world.all("kill")).toEqual([])
  })

  test("a task's container can be killed, an executor's with all its tasks", () => {
    const s = new Scene()
    expect(kill(s, s.task)).toEqual(DONE)
    const [a, b] = s.world.runGroup([testTask("a"), testTask("b")])
    expect(kill(s, a!.containerId.split(".")[0]!)).toEqual(DONE)
    expect(s.killed).toEqual([s.task, a!.containerId, b!.containerId])
  })

  test("what has ended or never was cannot be found", () => {
    const s = new Scene()
    s.run(`${s.task}.a`)
    s.exited(`${s.task}.a`, 0)
    for (const name of [`${s.task}.a`, "nope"])
      expect(kill(s, name)).toEqual(
        refusal(404, `Container '${name}' cannot be found (or is already killed)`),
      )
  })
})

describe("remove", () => {
  const remove = (s: Scene, name: string) => s.call({ kind: "remove", containerId: id(name) })

  test("waits until the sandbox is gone; then nobody knows the container", () => {
    const s = new Scene()
    for (const name of ["a", "a.b"]) s.run(`${s.task}.${name}`)
    for (const name of ["a.b", "a"]) s.exited(`${s.task}.${name}`, 0)
    const call = remove(s, `${s.task}.a`)
    const path = `${s.spec.sandbox}/containers/a`
    expect(s.world.last("removeSandbox")).toEqual({ kind: "removeSandbox", path, only: true })
    expect(s.answers.get(call)).toBeUndefined()
    s.world.give({ kind: "sandboxRemoved", path })
    expect(s.answers.get(call)).toEqual(DONE)
    expect([...s.world.agent.nested.all]).toEqual([])
    expect([...s.world.store.keys()].some((key) => key.includes("/container/"))).toBe(false)
    expect(s.answers.get(remove(s, `${s.task}.a`))).toEqual(DONE)
  })

  test("fails while something in the container runs: it would be left running", () => {
    const s = new Scene()
    for (const name of ["a", "a.b"]) s.run(`${s.task}.${name}`)
    s.exited(`${s.task}.a`, 0)
    const running = refusal(500, "Nested container has not terminated yet")
    expect(s.answers.get(remove(s, `${s.task}.a`))).toEqual(running)
    expect([...s.world.agent.nested.all]).toHaveLength(2)
    s.exited(`${s.task}.a.b`, 9)
    expect(s.answers.get(remove(s, `${s.task}.a`))).toBeUndefined()
  })

  test("fails while the container runs, or when its sandbox cannot be removed", () => {
    const s = new Scene()
    s.run(`${s.task}.a`)
    const running = refusal(500, "Nested container has not terminated yet")
    expect(s.answers.get(remove(s, `${s.task}.a`))).toEqual(running)
    expect(s.answers.get(remove(s, s.task))).toEqual(running)
    s.exited(`${s.task}.a`, 0)
    const call = remove(s, `${s.task}.a`)
    const path = `${s.spec.sandbox}/containers/a`
    s.world.give({ kind: "sandboxRemoved", path, error: "busy" })
    expect(s.answers.get(call)).toEqual(refusal(500, /sandbox directory: busy/))
  })

  test("a session leaves its parent's sandbox alone", () => {
    const s = new Scene()
    s.run(`${s.task}.exec`, { purpose: "session" })
    s.exited(`${s.task}.exec`, 0)
    expect(s.answers.get(remove(s, `${s.task}.exec`))).toEqual(DONE)
    expect(s.world.all("removeSandbox")).toEqual([])
  })
})

describe("attach", () => {
  const attach = (s: Scene, name: string) => s.ask({ kind: "attach", containerId: id(name) })

  test("sessions and containers with a terminal have streams, others none", () => {
    const s = new Scene({ container: { type: "MESOS", ttyInfo: {} } })
    expect(attach(s, s.task)).toEqual({ kind: "streams", spec: s.spec })
    s.run(`${s.task}.exec`, { purpose: "session" })
    expect(attach(s, `${s.task}.exec`)).toEqual({ kind: "streams", spec: s.launched.at(-1)! })
    s.run(`${s.task}.plain`)
    const message = "I/O switchboard server was disabled for this container"
    expect(attach(s, `${s.task}.plain`)).toEqual(refusal(500, message))
  })

  test("what starts, has ended or never was has none", () => {
    const s = new Scene()
    s.launch(`${s.task}.exec`, { purpose: "session" })
    expect(attach(s, `${s.task}.exec`)).toEqual(refusal(500, /not started yet/))
    expect(attach(s, "nope")).toEqual(refusal(404, "Container nope cannot be found"))
    s.exited(s.task, 0)
    expect(attach(s, s.task)).toMatchObject({ status: 404 })
  })
})

describe("sandboxes of containers that have ended", () => {
  const end = (s: Scene): readonly string[] => {
    s.run(`${s.task}.side`)
    s.run("alone", { purpose: "standalone" })
    s.run(`${s.task}.exec`, { purpose: "session" })
    for (const name of [`${s.task}.side`, "alone", `${s.task}.exec`]) s.exited(name, 0)
    return s.world.agent.gc.paths
  }

  test("stay until somebody removes them, or their executor goes", () => {
    expect(end(new Scene())).toEqual([])
  })

  test("age where the operator wants that, but for those of others; a removal comes first", () => {
    const s = new Scene({}, { gcCalledSandboxes: true })
    const side = `${s.spec.sandbox}/containers/side`
    expect(end(s)).toEqual([side, "/work/containers/alone"])
    s.call({ kind: "remove", containerId: id("alone") })
    expect(s.world.agent.gc.paths).toEqual([side])
  })
})

describe("a session's client", () => {
  test("that goes takes its container along; the streams go last", () => {
    const s = new Scene()
    const call = s.run(`${s.task}.exec`, { purpose: "session" })
    s.world.give({ kind: "callGone", call })
    expect(s.killed).toEqual([`${s.task}.exec`])
    s.exited(`${s.task}.exec`, 9)
    expect(s.world.last("forget").spec.containerId).toBe(id(`${s.task}.exec`))
    s.world.give({ kind: "callGone", call })
    expect(s.world.all("forget")).toHaveLength(1)
  })

  test("that reads on keeps the streams of a container that has ended", () => {
    const s = new Scene()
    const call = s.run(`${s.task}.exec`, { purpose: "session" })
    s.exited(`${s.task}.exec`, 0)
    expect(s.world.all("forget")).toEqual([])
    expect(s.ask({ kind: "attach", containerId: id(`${s.task}.exec`) })?.kind).toBe("streams")
    s.world.give({ kind: "callGone", call })
    expect(s.world.all("forget")).toHaveLength(1)
    expect(s.answers.get(s.wait(`${s.task}.exec`))).toMatchObject({ kind: "ended" })
  })

  test("that says so before it goes leaves its container running, until that or its parent ends", () => {
    const s = new Scene()
    const names = ["one", "two"].map((name) => `${s.task}.${name}`)
    const leave = (name: string): void => {
      const call = s.run(name, { purpose: "session" })
      expect(s.ask({ kind: "leave", containerId: id(name) })).toEqual(DONE)
      s.world.give({ kind: "callGone", call })
    }
    for (const name of names) leave(name)
    expect(s.killed).toEqual([])
    expect(s.ask({ kind: "attach", containerId: id(names[0]!) })?.kind).toBe("streams")
    s.exited(names[0]!, 3 << 8)
    expect(s.world.last("forget").spec.containerId).toBe(id(names[0]!))
    expect(s.answers.get(s.wait(names[0]!))).toEqual({
      kind: "ended",
      termination: { exitStatus: 3 << 8 },
    })
    s.exited(s.task, 0)
    expect(s.killed).toEqual([names[1]!])
  })

  test("that leaves a container that has ended leaves nothing of it", () => {
    const s = new Scene()
    const call = s.run(`${s.task}.exec`, { purpose: "session" })
    s.exited(`${s.task}.exec`, 0)
    expect(s.ask({ kind: "leave", containerId: id(`${s.task}.exec`) })).toEqual(DONE)
    s.world.give({ kind: "callGone", call })
    expect(s.world.all("forget")).toHaveLength(1)
  })

  test("that goes before the container runs leaves none behind", () => {
    const s = new Scene()
    const call = s.launch(`${s.task}.exec`, { purpose: "session" })
    s.world.give({ kind: "callGone", call })
    s.started(`${s.task}.exec`)
    expect(s.killed).toEqual([`${s.task}.exec`, `${s.task}.exec`])
    expect(s.answers.get(call)).toBeUndefined()
  })
})

describe("the end of a parent", () => {
  test("ends everything in it", () => {
    const s = new Scene()
    s.run(`${s.task}.a`)
    s.run(`${s.task}.a.b`)
    s.run("alone", { purpose: "standalone" })
    s.exited(s.task, 0)
    expect(s.killed).toEqual([`${s.task}.a`, `${s.task}.a.b`])
  })

  test("ends what lives in an executor's own container", () => {
    const s = new Scene()
    const [a] = s.world.runGroup([testTask("a")])
    s.started(a!.containerId)
    const root = a!.containerId.split(".")[0]!
    s.run(`${root}.helper`)
    s.exited(a!.containerId, 0)
    s.world.acknowledgeAll()
    expect(s.killed).toEqual([`${root}.helper`])
  })

  test("ends a child that was still being launched", () => {
    const s = new Scene()
    s.launch(`${s.task}.a`)
    s.exited(s.task, 0)
    expect(s.killed).toEqual([`${s.task}.a`])
  })
})

describe("after a crash of the agent", () => {
  test("containers are found again, and end as they did", () => {
    const s = new Scene()
    s.run(`${s.task}.a`)
    s.run("alone", { purpose: "standalone" })
    s.world.crash()
    s.world.effects = []
    s.world.give({ kind: "start" })
    const known = [s.task, id(`${s.task}.a`), id("alone")]
    expect(s.world.last("removeOrphans").known).toEqual(known)
    expect(s.world.all("recover").map(({ spec }) => spec.containerId)).toEqual(known)
    s.started(`${s.task}.a`)
    s.exited("alone", 3 << 8)
    expect(s.answers.get(s.wait("alone"))).toMatchObject({ termination: { exitStatus: 3 << 8 } })
    s.exited(`${s.task}.a`, 0)
    expect(s.answers.get(s.wait(`${s.task}.a`))).toMatchObject({ termination: { exitStatus: 0 } })
  })

  test("a container that was being launched did not run", () => {
    const s = new Scene()
    s.launch(`${s.task}.a`)
    s.world.crash()
    s.world.give({ kind: "start" })
    s.world.give({ kind: "containerUnknown", containerId: id(`${s.task}.a`) })
    expect(s.answers.get(s.wait(`${s.task}.a`))).toMatchObject({
      termination: { state: "TASK_FAILED", reason: "REASON_CONTAINER_LAUNCH_FAILED" },
    })
  })

  test("sessions are over, and their containers orphans", () => {
    const s = new Scene()
    s.run(`${s.task}.exec`, { purpose: "session" })
    s.world.crash()
    s.world.give({ kind: "start" })
    expect(s.world.last("removeOrphans").known).toEqual([s.task])
    expect(s.answers.get(s.wait(`${s.task}.exec`))).toMatchObject({
      termination: { message: "The agent was restarted" },
    })
  })

  test("what was told to die still dies", () => {
    const s = new Scene()
    s.run("alone", { purpose: "standalone" })
    s.ask({ kind: "kill", containerId: id("alone"), signal: 9 })
    s.world.crash()
    s.world.effects = []
    s.world.give({ kind: "start" })
    s.started("alone")
    expect(s.killed).toEqual(["alone"])
    s.world.advance(5_000)
    expect(s.killed).toEqual(["alone", "alone"])
  })
})

test("of those that have ended the oldest are forgotten", () => {
  const s = new Scene()
  for (let i = 0; i <= 1_000; i++) {
    s.run(`c${i}`, { purpose: "standalone" })
    s.exited(`c${i}`, 0)
  }
  expect(s.answers.get(s.wait("c0"))).toMatchObject({ status: 404 })
  expect(s.answers.get(s.wait("c1"))).toMatchObject({ kind: "ended" })
  expect(s.world.all("removeSandbox").map(({ path }) => path)).toEqual(["/work/containers/c0"])
})
