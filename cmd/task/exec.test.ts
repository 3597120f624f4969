import { describe, expect, test } from "bun:test"
import { createFakeServer, runInMemory, type FakeCall } from "#lib/cli/memory-terminal.ts"
import type { MemoryOptions } from "#lib/cli/memory-terminal.ts"
import { encodeRecords, RecordDecoder } from "#lib/std/recordio.ts"
import { refuse } from "#lib/std/refuse.ts"
import { table } from "../table.ts"

const CONTAINER = { value: "c-1" }
const STATE = {
  slaves: [{ id: "S1", hostname: "a1", pid: "slave(1)@10.0.2.1:5051" }],
  frameworks: [
    {
      id: "F1",
      name: "marathon",
      tasks: [
        {
          id: "web.1",
          name: "web",
          framework_id: "F1",
          executor_id: "",
          slave_id: "S1",
          state: "TASK_RUNNING",
          statuses: [{ container_status: { container_id: CONTAINER } }],
        },
      ],
      completed_tasks: [],
    },
  ],
}

type Json = Readonly<Record<string, unknown>>

const data = (type: "STDOUT" | "STDERR", text: string): Json => ({
  type: "DATA",
  data: { type, data: btoa(text) },
})
const heartbeat = { type: "CONTROL", control: { type: "HEARTBEAT" } }

/** What an agent plays. */
type Play = {
  readonly output?: readonly Json[]
  /** Null for a container that cannot be waited for. */
  readonly status?: number | null
  readonly refusal?: Response
  /** Whether the process runs on. */
  readonly runs?: boolean
}

/** An agent that plays a process: what it writes, how it ends, and what it was given. */
function agent({ output = [], status = 0, refusal, runs = false }: Play = {}) {
  const input: Json[] = []
  const inputDone = Promise.withResolvers<void>()
  let inputHeaders: Headers | undefined
  const answer = ({ body }: FakeCall): unknown => {
    switch ((body as Json)["type"]) {
      case "LAUNCH_NESTED_CONTAINER_SESSION":
      case "ATTACH_CONTAINER_OUTPUT":
        if (refusal !== undefined) return refusal
        return new Response(
          new ReadableStream({
            start: (stream) => {
              const records = [heartbeat, ...output].map((each) => JSON.stringify(each))
              stream.enqueue(encodeRecords(records))
              if (!runs) stream.close()
            },
          }),
          { headers: { "content-type": "application/recordio" } },
        )
      default:
        if (status === null) return new Response("", { status: 404 })
        return { type: "WAIT_CONTAINER", wait_container: { exit_status: status } }
    }
  }
  const server = createFakeServer({
    "GET /mesos/state": STATE,
    "POST /agent/S1/api/v1": answer,
  })
  /** Streams are read as they come; all other calls are the fake server's. */
  const fetch: typeof server.fetch = async (url, init) => {
    if (!(init.body instanceof ReadableStream)) return server.fetch(url, init)
    inputHeaders = new Headers(init.headers)
    const decoder = new RecordDecoder(1024 * 1024)
    for await (const chunk of init.body as ReadableStream<Uint8Array>) {
      const records = decoder.push(chunk)
      if (!records.ok) throw new Error(records.error.message)
      for (const record of records.value)
        input.push(JSON.parse(new TextDecoder().decode(record)) as Json)
    }
    inputDone.resolve()
    return new Response(null)
  }
  const dcos = (line: string | readonly string[], options: MemoryOptions = {}) =>
    runInMemory(table, line, { fetch, ...options })
  const calls = () => server.calls.flatMap(({ body }) => (body === undefined ? [] : [body as Json]))
  return { dcos, calls, input, inputDone: inputDone.promise, headers: () => inputHeaders }
}

const attach = (message: Json): Json => ({
  type: "ATTACH_CONTAINER_INPUT",
  attach_container_input: message,
})
const given = (process_io: Json): Json => attach({ type: "PROCESS_IO", process_io })

describe("dcos task exec", () => {
  test("starts the command beside the task, prints what it writes and ends as it does", async () => {
    const output = [data("STDOUT", "out\n"), data("STDERR", "err\n")]
    const { dcos, calls, input } = agent({ output, status: 7 << 8 })
    const { code, out, errors } = await dcos("task exec web sh -c x -i")
    expect([code, out, errors]).toEqual([7, "out\n", "err\n"])
    const container_id = { value: "00000000-0000-4000-8000-000000000001", parent: CONTAINER }
    expect(calls()).toEqual([
      {
        type: "LAUNCH_NESTED_CONTAINER_SESSION",
        launch_nested_container_session: {
          container_id,
          command: { shell: false, value: "sh", arguments: ["sh", "-c", "x", "-i"] },
        },
      },
      { type: "WAIT_CONTAINER", wait_container: { container_id } },
    ])
    expect(input).toEqual([])
  })

  test("with --interactive, standard input goes to the command", async () => {
    const { dcos, input, inputDone, headers } = agent()
    expect((await dcos("task exec -i web cat", { input: "hello" })).code).toBe(0)
    await inputDone
    expect(input).toEqual([
      attach({
        type: "CONTAINER_ID",
        container_id: { value: "00000000-0000-4000-8000-000000000001", parent: CONTAINER },
      }),
      given({ type: "DATA", data: { type: "STDIN", data: btoa("hello") } }),
      given({ type: "DATA", data: { type: "STDIN", data: "" } }),
    ])
    expect(headers()?.get("content-type")).toBe("application/recordio")
    expect(headers()?.get("message-content-type")).toBe("application/json")
  })

  test("with --tty the command gets a terminal, of the size of this one", async () => {
    const { dcos, calls, input } = agent()
    const { code } = await dcos("task exec -it -u ada web top", { inputIsTerminal: true })
    expect(code).toBe(0)
    expect(calls()[0]).toMatchObject({
      launch_nested_container_session: {
        command: {
          user: "ada",
          environment: { variables: [{ name: "TERM", type: "VALUE", value: "xterm" }] },
        },
        container: { type: "MESOS", tty_info: { window_size: { rows: 24, columns: 80 } } },
      },
    })
    const size = (rows: number, columns: number): Json =>
      given({
        type: "CONTROL",
        control: { type: "TTY_INFO", tty_info: { window_size: { rows, columns } } },
      })
    expect(input.slice(1, 3)).toEqual([size(0, 0), size(24, 80)].slice(0, input.length - 1))
  })

  test("the keys to leave by are told to the agent, which lets the command go on", async () => {
    const { dcos, input, inputDone } = agent({ runs: true })
    const { code } = await dcos("task exec -it web sh", {
      inputIsTerminal: true,
      input: "ls\u0010\u0011",
    })
    expect(code).toBe(0)
    await inputDone
    const detach = given({ type: "CONTROL", control: { type: "DETACH" } })
    expect(input.slice(-2)).toEqual([
      given({ type: "DATA", data: { type: "STDIN", data: btoa("ls") } }),
      detach,
    ])
  })

  test.each([
    ["a status that nobody knows is 1", null, 1],
    ["a signal is 128 and its number", 9, 137],
  ])("%s", async (_, status, code) => {
    expect((await agent({ status }).dcos("task exec web true")).code).toBe(code)
  })

  test("refusals are told", async () => {
    const refusal = refuse(400, "Parent container c-1 does not exist")
    const { code, errors } = await agent({ refusal }).dcos("task exec web true")
    expect([code, errors]).toEqual([1, "Error: Parent container c-1 does not exist\n"])
    const none = await agent().dcos("task exec nothing true")
    expect([none.code, none.errors]).toEqual([1, "Error: no task ID found containing 'nothing'\n"])
    const blind = await agent().dcos("task exec -it web true")
    expect([blind.code, blind.errors]).toEqual([1, "Error: stdin is not a terminal\n"])
  })
})

describe("dcos task attach", () => {
  test("shows what the task writes, and ends as it does", async () => {
    const output = [data("STDOUT", "prompt$ ")]
    const { dcos, calls } = agent({ output, status: 3 << 8 })
    const { code, out } = await dcos("task attach --no-stdin web")
    expect([code, out]).toEqual([3, "prompt$ "])
    expect(calls().map(({ type }) => type)).toEqual(["ATTACH_CONTAINER_OUTPUT", "WAIT_CONTAINER"])
  })

  test("a task that cannot be waited for counts as well", async () => {
    const { dcos } = agent({ status: null })
    expect((await dcos("task attach web", { inputIsTerminal: true })).code).toBe(0)
  })

  test("needs a terminal here, and one there", async () => {
    const here = await agent().dcos("task attach web")
    expect([here.code, here.errors]).toEqual([1, "Error: stdin is not a terminal\n"])
    const refusal = refuse(500, "I/O switchboard server was disabled for this container")
    const there = await agent({ refusal }).dcos("task attach --no-stdin web")
    expect([there.code, there.errors]).toEqual([
      1,
      "Error: Unable to attach to a task launched without a TTY.\n",
    ])
  })
})
