/** Section 4.6 of the reference: the calls about containers of an agent, one by one, in JSON and in protobuf. */
import { describe, expect, test } from "bun:test"
import { createAgentApi } from "#lib/agent/index.ts"
import { TestWorld, testOptions, testTask } from "#lib/agent/core/test-world.ts"
import { TestStreams, testCalls } from "#lib/agent/test-calls.ts"
import { testExecutors } from "#lib/agent/test-executors.ts"
import { RecordDecoder, encodeRecords, loadProtobuf } from "#lib/mesos/index.ts"
import { err, ok } from "#lib/std/result.ts"
import { ManualClock, PROTOBUF, dig, until, type Json } from "./master-harness.ts"
import { ENCODINGS, JSON_TYPE } from "./mesos-scene.ts"
import { resources } from "./master-view.ts"

const RECORDIO = "application/recordio"
const protobuf = await loadProtobuf()
type Encoding = (typeof ENCODINGS)[number]
const missing = () => Promise.resolve(err({ code: "notFound", message: "" } as const))

/** An agent with a task that runs, its API in one encoding, and what the test does to containers. */
function open(encoding: Encoding) {
  const info = { hostname: "a1", port: 5051, resources: resources("cpus:8;mem:1024") }
  const world = new TestWorld(testOptions({ info })).register()
  const task = world.runToRunning(testTask("web"))
  const clock = new ManualClock()
  const { calls, streams } = testCalls(world)
  const api = createAgentApi({
    driver: {
      agent: world.agent,
      recoverySeconds: 0,
      fetches: { succeeded: 0, failed: 0 },
      calls,
      executors: testExecutors(world),
      statistics: () => Promise.resolve(undefined),
    },
    sandboxes: {
      stat: missing,
      list: () => Promise.resolve(ok([])),
      read: missing,
      download: missing,
    },
    clock,
    log: { enabled: () => false, write: () => {} },
    build: { version: "1.12.0", buildUser: "ci", buildTime: 5 },
    flags: {},
    startedAt: 0,
  })
  const encode = (call: Json): Uint8Array =>
    encoding === JSON_TYPE
      ? new TextEncoder().encode(JSON.stringify(call))
      : protobuf.fromJson("mesos.v1.agent.Call", call)
  const send = (
    body: Blob | ReadableStream<Uint8Array>,
    headers: Record<string, string>,
    signal?: AbortSignal,
  ) =>
    Promise.resolve(
      api.fetch(
        new Request("http://a1:5051/api/v1", {
          method: "POST",
          headers: { "content-type": encoding, accept: encoding, ...headers },
          body,
          ...(signal === undefined ? {} : { signal }),
        }),
      ),
    )
  const ask = (call: Json, headers: Record<string, string> = {}, signal?: AbortSignal) =>
    send(new Blob([encode(call)]), headers, signal)
  /** The status of a call, and its answer as JSON or as text. */
  const answer = async (call: Json): Promise<readonly [number, unknown]> => {
    const response = await ask(call)
    const type = response.headers.get("content-type")
    if (type === JSON_TYPE) return [response.status, await response.json()]
    const bytes = new Uint8Array(await response.arrayBuffer())
    if (type !== PROTOBUF) return [response.status, new TextDecoder().decode(bytes)]
    const json = protobuf.toJson("mesos.v1.agent.Response", bytes)
    return [response.status, json.ok ? json.value : json.error.message]
  }
  const started = (name: string): void =>
    world.give({ kind: "containerStarted", containerId: name as never, status: {} })
  const exited = (name: string, status: number): void =>
    world.give({ kind: "containerExited", containerId: name as never, exit: { status } })
  const launched = (): string[] => world.all("launch").map(({ spec }) => String(spec.containerId))
  return { world, task, clock, streams, encode, send, ask, answer, started, exited, launched }
}
type At = ReturnType<typeof open>

const parentOf = ({ task }: At) => ({ value: String(task.containerId) })
const childOf = (at: At, value = "child") => ({ value, parent: parentOf(at) })
const nameOf = (at: At, value = "child") => `${at.task.containerId}.${value}`
const STANDALONE = { value: "alone" }
const command = { value: "sleep 9" }
const call = (type: string, body: Json): Json => ({ type, [type.toLowerCase()]: body })

/** Launches a container below the task's, or one of its own, and lets it start. */
async function running(at: At, type = "LAUNCH_NESTED_CONTAINER"): Promise<string> {
  const alone = type === "LAUNCH_CONTAINER"
  const container_id = alone ? STANDALONE : childOf(at)
  const name = alone ? "alone" : nameOf(at)
  const answered = at.answer(call(type, { container_id, command }))
  await until("the launch", () => at.launched().includes(name))
  at.started(name)
  expect(await answered).toEqual([200, ""])
  return name
}

/** The twins of old and new, with whom they are about and what WAIT answers under. */
const TWINS = [
  [
    "NESTED_CONTAINER",
    "LAUNCH_NESTED_CONTAINER",
    "WAIT_NESTED_CONTAINER",
    "KILL_NESTED_CONTAINER",
    "REMOVE_NESTED_CONTAINER",
  ],
  ["CONTAINER", "LAUNCH_CONTAINER", "WAIT_CONTAINER", "KILL_CONTAINER", "REMOVE_CONTAINER"],
] as const

describe.each(ENCODINGS)("in %s", (encoding) => {
  describe.each(TWINS)("%s", (_, launch, wait, kill, remove) => {
    const idOf = (at: At) => (launch === "LAUNCH_CONTAINER" ? STANDALONE : childOf(at))

    test("is launched once", async () => {
      const at = open(encoding)
      const name = await running(at, launch)
      expect(await at.answer(call(launch, { container_id: idOf(at), command }))).toEqual([202, ""])
      expect(at.launched().filter((each) => each === name)).toHaveLength(1)
    })

    test("is waited for, whoever waits and whenever", async () => {
      const at = open(encoding)
      const name = await running(at, launch)
      const waiting = [1, 2].map(() => at.answer(call(wait, { container_id: idOf(at) })))
      await new Promise((resume) => setImmediate(resume))
      at.exited(name, 7 << 8)
      const expected = [200, { type: wait, [wait.toLowerCase()]: { exit_status: 7 << 8 } }]
      expect(await Promise.all(waiting)).toEqual([expected, expected] as never)
      expect(await at.answer(call(wait, { container_id: idOf(at) }))).toEqual(expected as never)
    })

    test("is killed, with SIGKILL or with another signal", async () => {
      const at = open(encoding)
      const name = await running(at, launch)
      const kills = () =>
        at.world.all("kill").filter(({ containerId }) => String(containerId) === name)
      expect(await at.answer(call(kill, { container_id: idOf(at), signal: 15 }))).toEqual([200, ""])
      expect(kills()).toMatchObject([{ signal: 15 }])
      expect(await at.answer(call(kill, { container_id: idOf(at) }))).toEqual([200, ""])
      expect(kills().at(-1)).toMatchObject({ force: true })
    })

    test("is removed with its sandbox once it has ended, and not before", async () => {
      const at = open(encoding)
      const name = await running(at, launch)
      const [early] = await at.answer(call(remove, { container_id: idOf(at) }))
      expect(early).toBe(500)
      at.exited(name, 0)
      const removed = at.answer(call(remove, { container_id: idOf(at) }))
      await until("the removal", () => at.world.all("removeSandbox").length > 0)
      const { path } = at.world.last("removeSandbox")
      at.world.give({ kind: "sandboxRemoved", path })
      expect(await removed).toEqual([200, ""])
      expect((await at.answer(call(wait, { container_id: idOf(at) })))[0]).toBe(404)
    })

    test.each([wait, kill])("that never was: %s answers 404", async (type) => {
      const at = open(encoding)
      const [status, text] = await at.answer(call(type, { container_id: idOf(at) }))
      expect([status, typeof text]).toEqual([404, "string"])
    })

    test("that cannot be launched answers 400 with the reason", async () => {
      const at = open(encoding)
      const name = launch === "LAUNCH_CONTAINER" ? "alone" : nameOf(at)
      const answered = at.answer(call(launch, { container_id: idOf(at), command }))
      await until("the launch", () => at.launched().includes(name))
      at.world.give({
        kind: "containerFailed",
        containerId: name as never,
        message: "no such image",
        reason: "REASON_CONTAINER_LAUNCH_FAILED",
      } as never)
      const [status, text] = await answered
      expect(status).toBe(400)
      expect(text).toContain("no such image")
    })

    test.each<[string, Json]>([
      ["with a dot", { value: "a.b" }],
      ["with a space", { value: "a b" }],
      ["with a slash", { value: "a/b" }],
      ["with a control character", { value: "a\u0001b" }],
      ["that is empty", { value: "" }],
      ["that is too long", { value: "a".repeat(243) }],
    ])("has no id %s", async (_what, id) => {
      const at = open(encoding)
      const nests = launch === "LAUNCH_NESTED_CONTAINER"
      const container_id = nests ? { ...id, parent: parentOf(at) } : id
      for (const type of [launch, wait, kill, remove]) {
        const [status, text] = await at.answer(call(type, { container_id }))
        expect([type, status]).toEqual([type, 400])
        expect(text).toContain(`'${type.toLowerCase()}.container_id`)
      }
    })
  })

  test("GET_CONTAINERS shows nested and standalone ones where they are asked for", async () => {
    const at = open(encoding)
    await running(at)
    await running(at, "LAUNCH_CONTAINER")
    const shown = async (show_nested: boolean, show_standalone: boolean): Promise<unknown> => {
      const options = { show_nested, show_standalone }
      const [, json] = await at.answer(call("GET_CONTAINERS", options))
      const found = dig(json, "get_containers", "containers") as readonly Json[]
      return found.map(({ container_id, executor_id, framework_id }) => [
        dig(container_id, "value"),
        dig(executor_id, "value"),
        dig(framework_id, "value"),
      ])
    }
    const task = [String(at.task.containerId), "web", "m-0000"]
    expect(await shown(false, false)).toEqual([task])
    expect(await shown(true, false)).toEqual([task, ["child", "web", "m-0000"]])
    expect(await shown(false, true)).toEqual([task, ["alone", undefined, undefined]])
    at.exited("alone", 0)
    expect(await shown(true, true)).toEqual([task, ["child", "web", "m-0000"]])
  })

  test("a nested container needs a parent, and one that is there", async () => {
    const at = open(encoding)
    for (const type of ["LAUNCH_NESTED_CONTAINER", "LAUNCH_NESTED_CONTAINER_SESSION"])
      expect(await at.answer(call(type, { container_id: STANDALONE, command }))).toEqual([
        400,
        `Failed to validate agent::Call: Expecting '${type.toLowerCase()}.container_id.parent' to be present`,
      ])
    const container_id = { value: "child", parent: { value: "none" } }
    expect((await at.answer(call("LAUNCH_NESTED_CONTAINER", { container_id, command })))[0]).toBe(
      400,
    )
  })

  test("a variable without a value is 400", async () => {
    const at = open(encoding)
    const environment = { variables: [{ name: "A" }] }
    const body = { container_id: STANDALONE, command: { ...command, environment } }
    const [status, text] = await at.answer(call("LAUNCH_CONTAINER", body))
    expect([status, text]).toEqual([
      400,
      "Failed to validate agent::Call: 'launch_container.command' is invalid: Environment variable 'A' of type 'VALUE' must have a value set",
    ])
  })

  test("resources that cannot be are 400", async () => {
    const at = open(encoding)
    const resources = [{ name: "cpus", type: "SCALAR", scalar: { value: -1 } }]
    const body = { container_id: STANDALONE, command, resources }
    const [status, text] = await at.answer(call("LAUNCH_CONTAINER", body))
    expect([status, text]).toEqual([
      400,
      "Invalid resources: [0].scalar.value: Resource 'cpus' is negative: -1",
    ])
  })

  /** Reads the records of a stream of output. */
  function read(response: Response): { readonly records: Json[]; readonly ended: () => boolean } {
    const records: Json[] = []
    const state = { ended: false }
    const body = response.body?.getReader()
    const decoder = new RecordDecoder(1 << 20)
    void (async () => {
      for (;;) {
        const { done, value } = (await body?.read()) ?? { done: true, value: undefined }
        if (done || value === undefined) break
        const found = decoder.push(value)
        if (!found.ok) throw new Error(found.error.message)
        for (const bytes of found.value) {
          const json =
            encoding === JSON_TYPE
              ? (JSON.parse(new TextDecoder().decode(bytes)) as unknown)
              : dig(protobuf.toJson("mesos.v1.agent.ProcessIO", bytes), "value")
          records.push(json as Json)
        }
      }
      state.ended = true
    })()
    return { records, ended: () => state.ended }
  }
  const HEARTBEAT = {
    type: "CONTROL",
    control: { type: "HEARTBEAT", heartbeat: { interval: { nanoseconds: 30_000_000_000 } } },
  }

  /** A session below the task, with its streams. */
  async function session(at: At, headers: Record<string, string> = {}) {
    const io = new TestStreams()
    const name = nameOf(at, "exec")
    at.streams.set(name, io)
    const hangUp = new AbortController()
    const body = { container_id: childOf(at, "exec"), command }
    const answered = at.ask(call("LAUNCH_NESTED_CONTAINER_SESSION", body), headers, hangUp.signal)
    await until("the launch", () => at.launched().includes(name))
    at.started(name)
    return { io, name, response: await answered, hangUp }
  }

  test("a session answers with what its container writes, and ends with it", async () => {
    const at = open(encoding)
    const { io, name, response } = await session(at)
    expect([response.status, response.headers.get("content-type")]).toEqual([200, encoding])
    const { records, ended } = read(response)
    io.say("out")
    io.say("err", "stderr")
    await until("the output", () => records.length === 3)
    expect(records).toEqual([
      HEARTBEAT,
      { type: "DATA", data: { type: "STDOUT", data: btoa("out") } },
      { type: "DATA", data: { type: "STDERR", data: btoa("err") } },
    ])
    at.clock.advance(30_000)
    await until("a heartbeat", () => records.length === 4)
    expect(records[3]).toEqual(HEARTBEAT)
    at.exited(name, 0)
    io.end()
    await until("the end", ended)
  })

  test("a session ends with its client", async () => {
    const at = open(encoding)
    const { response, name } = await session(at)
    await response.body?.cancel()
    await until("the kill", () =>
      at.world.all("kill").some(({ containerId }) => String(containerId) === name),
    )
  })

  test("a session whose client detaches goes on, and nobody has to read it", async () => {
    const at = open(encoding)
    const { response, name, io } = await session(at)
    const input = (message: Json): Uint8Array =>
      encodeRecords([
        at.encode({ type: "ATTACH_CONTAINER_INPUT", attach_container_input: message }),
      ])
    const records = [
      input({ type: "CONTAINER_ID", container_id: childOf(at, "exec") }),
      input({
        type: "PROCESS_IO",
        process_io: { type: "CONTROL", control: { type: "DETACH" } },
      }),
    ]
    const detached = await at.send(new Blob(records), {
      "content-type": RECORDIO,
      "message-content-type": encoding,
    })
    expect(detached.status).toBe(200)
    await response.body?.cancel()
    io.say("still here")
    await until("the output to be taken", () => io.waiting === 0)
    expect([at.world.all("kill"), io.detached]).toEqual([[], false])
    at.exited(name, 0)
    io.end()
    await until("the streams to be let go", () => io.detached)
  })

  test("output comes as records of records, when asked for so", async () => {
    const at = open(encoding)
    const { io, response } = await session(at, { accept: RECORDIO, "message-accept": encoding })
    expect(response.headers.get("content-type")).toBe(RECORDIO)
    expect(response.headers.get("message-content-type")).toBe(encoding)
    const { records } = read(response)
    io.say("out")
    await until("the output", () => records.length === 2)
    await response.body?.cancel().catch(() => undefined)
  })

  test("others may attach to what a container writes, and nobody to what has no streams", async () => {
    const at = open(encoding)
    const { io, response } = await session(at)
    const first = read(response)
    const container_id = childOf(at, "exec")
    const attached = await at.ask(call("ATTACH_CONTAINER_OUTPUT", { container_id }))
    expect(attached.status).toBe(200)
    const second = read(attached)
    io.say("both")
    const data = { type: "DATA", data: { type: "STDOUT", data: btoa("both") } }
    await until("the output", () => first.records.length > 1 && second.records.length > 1)
    expect([first.records.at(-1), second.records.at(-1)]).toEqual([data, data])
    const none = await at.answer(call("ATTACH_CONTAINER_OUTPUT", { container_id: parentOf(at) }))
    expect(none[0]).toBeOneOf([400, 500])
    const never = { container_id: { value: "never" } }
    expect((await at.answer(call("ATTACH_CONTAINER_OUTPUT", never)))[0]).toBe(404)
  })

  const attach = (at: At, body: Json): Uint8Array => at.encode(call("ATTACH_CONTAINER_INPUT", body))
  const STREAMED = { "content-type": RECORDIO, "message-content-type": encoding }
  const processIo = (process_io: Json): Json => ({ type: "PROCESS_IO", process_io })

  test("input is written in order, with terminal sizes, up to its end", async () => {
    const at = open(encoding)
    const { io } = await session(at)
    const stdin = (text: string) =>
      processIo({ type: "DATA", data: { type: "STDIN", data: btoa(text) } })
    const size = { rows: 24, columns: 80 }
    const records = [
      { type: "CONTAINER_ID", container_id: childOf(at, "exec") },
      stdin("first "),
      processIo({
        type: "CONTROL",
        control: { type: "TTY_INFO", tty_info: { window_size: size } },
      }),
      processIo(HEARTBEAT),
      stdin("second"),
      stdin(""),
    ].map((body) => attach(at, body))
    const body = new Blob([encodeRecords(records)])
    const response = await at.send(body, STREAMED)
    expect([response.status, await response.text()]).toEqual([200, ""])
    expect(io.taken.filter((each) => each !== "<end>")).toEqual(["first ", size, "second"])
    expect(io.taken).toContain("<end>")
  })

  test("only one may write", async () => {
    const at = open(encoding)
    const { io } = await session(at)
    const first = attach(at, { type: "CONTAINER_ID", container_id: childOf(at, "exec") })
    const data = { type: "STDIN", data: btoa("mine") }
    const stdin = attach(at, processIo({ type: "DATA", data }))
    const held = new TransformStream<Uint8Array, Uint8Array>()
    const writer = held.writable.getWriter()
    void writer.write(encodeRecords([first, stdin]))
    const writing = at.send(held.readable, STREAMED)
    const again = new Blob([encodeRecords([first])])
    await until("the first to write", () => io.taken.length > 0)
    const refused = await at.send(again, STREAMED)
    expect([refused.status, await refused.text()]).toEqual([
      409,
      "Multiple input connections are not allowed",
    ])
    await writer.close()
    expect((await writing).status).toBe(200)
  })

  test.each<[string, number, (at: At) => readonly Json[]]>([
    [
      "to a container that never was",
      404,
      () => [{ type: "CONTAINER_ID", container_id: { value: "never" } }],
    ],
    ["that begins with input", 400, () => [processIo({ type: "DATA" })]],
    ["that names no container", 400, () => [{ type: "CONTAINER_ID" }]],
    [
      "that goes on with another container",
      400,
      (at) => [1, 2].map(() => ({ type: "CONTAINER_ID", container_id: childOf(at, "exec") })),
    ],
    [
      "of what is no input",
      400,
      (at) => [
        { type: "CONTAINER_ID", container_id: childOf(at, "exec") },
        processIo({ type: "DATA", data: { type: "STDOUT", data: "" } }),
      ],
    ],
  ])("input %s answers %d", async (_, status, bodies) => {
    const at = open(encoding)
    await session(at)
    const records = bodies(at).map((body) => attach(at, body))
    const body = new Blob([encodeRecords(records)])
    const response = await at.send(body, STREAMED)
    expect(response.status).toBe(status)
    expect(await response.text()).not.toBe("")
  })
})
