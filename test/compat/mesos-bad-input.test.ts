/** Clients that err, by accident or on purpose: a clear refusal, bounded memory, others unaffected. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { listen, type Listening } from "#lib/io/index.ts"
import { PROTOBUF, TestMaster, dig, until, type Json } from "./master-harness.ts"
import { JSON_TYPE, Scene, UUID, encode, launch, scalar, subscribe } from "./mesos-scene.ts"
import { RawConnection, post } from "./raw-http.ts"

const PATH = "/api/v1/scheduler"
const MIB = 1024 * 1024

describe("over a socket", () => {
  let scene: Scene
  let server: Listening
  const headers = () => ({ "mesos-stream-id": scene.stream.id })

  beforeEach(async () => {
    scene = await Scene.open(JSON_TYPE)
    const handler = (request: Request) => scene.master.api.fetch(request)
    server = listen({ hostname: "127.0.0.1", port: 0, name: "the master's API", handler })
  })
  afterEach(() => server.stop())

  /** The longest that a well-behaved client waits for an answer while something goes on, ms. */
  async function longestWait(during: Promise<unknown>): Promise<number> {
    const state = { over: false }
    void during.finally(() => (state.over = true)).catch(() => undefined)
    let longest = 0
    while (!state.over) {
      const before = performance.now()
      const answer = await fetch(`http://127.0.0.1:${server.port}/health`)
      await answer.text()
      longest = Math.max(longest, performance.now() - before)
    }
    await during
    return longest
  }

  const lengthHead = (length: number) =>
    `POST ${PATH} HTTP/1.1\r\nHost: m\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`
  const chunkedHead = `POST ${PATH} HTTP/1.1\r\nHost: m\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`

  test.each([
    ["of known length", lengthHead(64 * MIB), ""],
    ["in chunks", chunkedHead, "100000\r\n"],
  ])(
    "a body of 64 MiB %s is refused before it is read; others are served",
    async (_, head, chunk) => {
      const piece = `${chunk}${"x".repeat(MIB)}${chunk && "\r\n"}`
      const flood = async () => {
        const connection = await RawConnection.open(server.port)
        await connection.send(head)
        for (let sent = 0; sent < 64 && !connection.closed; sent++) await connection.send(piece)
        expect(await connection.answers(1)).toEqual([413])
      }
      expect(await longestWait(Promise.all([flood(), flood(), flood()]))).toBeLessThan(1_000)
    },
  )

  test("a large body that is allowed is parsed and refused, and nobody waits long", async () => {
    const connection = await RawConnection.open(server.port)
    const nested = async () => {
      await connection.send(
        post(PATH, `{"type":"ACCEPT","accept":{"x":"${"x".repeat(15 * MIB)}"}}`),
      )
      expect(await connection.answers(1)).toEqual([400])
    }
    expect(await longestWait(nested())).toBeLessThan(1_000)
    connection.end()
  })

  test("a body that never comes to its end holds up nobody", async () => {
    const connection = await RawConnection.open(server.port)
    await connection.send(`${lengthHead(100)}{"type":`)
    await scene.accepted({ type: "REVIVE" })
    connection.end()
    await scene.accepted({ type: "REVIVE" })
  })

  test("10,000 equal calls are answered one by one and leave nothing behind", async () => {
    const agent = await scene.master.agent()
    await scene.running(agent)
    const connection = await RawConnection.open(server.port)
    const of = (call: object) =>
      post(PATH, JSON.stringify({ framework_id: scene.frameworkId, ...call }), headers())
    const offer_ids = [{ value: "never" }]
    const calls = [
      of({ type: "KILL", kill: { task_id: { value: "never" } } }),
      of({ type: "DECLINE", decline: { offer_ids } }),
      of({
        type: "ACKNOWLEDGE",
        acknowledge: { agent_id: { value: agent.id }, task_id: { value: "web" }, uuid: UUID },
      }),
      of({ type: "SUPPRESS", suppress: { roles: ["*"] } }),
    ]
    const flood = async () => {
      for (let round = 0; round < 25; round++) {
        await connection.send(calls.join("").repeat(100))
        await connection.answers((round + 1) * 400)
      }
      expect(new Set(await connection.answers(10_000))).toEqual(new Set([202]))
    }
    expect(await longestWait(flood())).toBeLessThan(1_000)
    const { frameworks, agents } = scene.master.driver.view
    expect([frameworks.size, agents.get(agent.id)?.tasks.size]).toEqual([1, 1])
    scene.master.driver.checkInvariants()
    connection.end()
  })
})

describe("values that are none", () => {
  const task = (scene: Scene, offer: Json, resources: unknown) =>
    scene.call({
      type: "ACCEPT",
      accept: { offer_ids: [offer["id"]], operations: [launch("web", offer, { resources })] },
    })

  test.each<[string, unknown]>([
    ["a text that is no number", "x"],
    ["NaN", "NaN"],
    ["an object", {}],
    ["a list", [1]],
    ["a truth value", true],
  ])("%s for a number of JSON answers 400 with its path", async (_, value) => {
    const scene = await Scene.open(JSON_TYPE)
    await scene.master.agent()
    const offer = await scene.offer()
    const response = await task(scene, offer, [{ ...scalar("cpus", 1), scalar: { value } }])
    expect(response.status).toBe(400)
    expect(await response.text()).toContain("value")
    expect(scene.master.driver.view.offers.size).toBe(1)
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, 1e300])(
    "%p cpus in protobuf is a TASK_ERROR that names the field",
    async (value) => {
      const scene = await Scene.open(PROTOBUF)
      await scene.master.agent()
      const offer = await scene.offer()
      // The encoder takes no such number: its eight bytes are put in place of those of another.
      const mark = 12_345.678
      const eight = (number: number): string =>
        Buffer.from(new Float64Array([number]).buffer).toString("latin1")
      const body = encode(PROTOBUF, "mesos.v1.scheduler.Call", {
        framework_id: scene.frameworkId,
        type: "ACCEPT",
        accept: {
          offer_ids: [offer["id"]],
          operations: [launch("web", offer, { resources: [scalar("cpus", mark)] })],
        },
      }) as Uint8Array
      const bytes = Buffer.from(body).toString("latin1").replace(eight(mark), eight(value))
      const response = await scene.master.call(Buffer.from(bytes, "latin1"), {
        "content-type": PROTOBUF,
        "mesos-stream-id": scene.stream.id,
      })
      if (response.status === 400) {
        expect(await response.text()).toContain("value")
      } else {
        const { status } = (await scene.stream.event("UPDATE"))["update"] as Json
        expect(status).toMatchObject({ state: "TASK_ERROR", reason: "REASON_TASK_INVALID" })
        expect(dig(status, "message")).toContain("[0].scalar.value")
      }
      scene.master.driver.checkInvariants()
    },
  )

  test("an unknown name of an enum is dropped where it may be absent, and refused elsewhere", async () => {
    const master = await TestMaster.start()
    const info = { user: "u", name: "n", roles: ["*"] }
    const capabilities = [{ type: "MULTI_ROLE" }, { type: "OF_THE_FUTURE" }]
    const stream = await master.subscribe({ ...info, capabilities })
    await stream.event("SUBSCRIBED")
    const [framework] = master.driver.view.frameworks.values()
    expect([...(framework?.capabilities ?? [])]).toEqual(["MULTI_ROLE"])
    const scene = await Scene.open(JSON_TYPE)
    await scene.master.agent()
    const offer = await scene.offer()
    const refused = await task(scene, offer, [{ ...scalar("cpus", 1), type: "OF_THE_FUTURE" }])
    expect(refused.status).toBe(400)
    expect((await scene.call({ type: 3 })).status).toBe(400)
  })
})

describe("frameworks that do not play their part", () => {
  test("one that subscribes a thousand times: the newest stream lives, all others end", async () => {
    const scene = await Scene.open(JSON_TYPE)
    await scene.master.agent()
    const streams = [scene.stream]
    for (let count = 0; count < 1_000; count++)
      streams.push(await subscribe(scene.master, JSON_TYPE, { id: scene.frameworkId }))
    await until("the end of all but one", () => streams.slice(0, -1).every(({ ended }) => ended))
    const [framework] = scene.master.driver.view.frameworks.values()
    expect(framework?.connected).toBe(true)
    expect(scene.master.driver.view.frameworks.size).toBe(1)
    expect(scene.master.driver.view.offers.size).toBeLessThanOrEqual(1)
    scene.master.driver.checkInvariants()
  }, 20_000)

  test("a thousand that come and go leave fifty in the books", async () => {
    const scene = await Scene.open(JSON_TYPE)
    for (let count = 0; count < 1_000; count++) {
      const stream = await subscribe(scene.master, JSON_TYPE, {
        name: "fleeting",
        failover_timeout: 0,
      })
      await stream.close()
    }
    const { frameworks, completedFrameworks } = scene.master.driver.view
    await until("the end of all", () => {
      scene.master.clock.advance(1)
      return frameworks.size === 1
    })
    expect(completedFrameworks.size).toBe(50)
  }, 20_000)

  test("one that never acknowledges: repeats of a status take no memory, others run on", async () => {
    const scene = await Scene.open(JSON_TYPE)
    const agent = await scene.master.agent()
    await scene.running(agent)
    for (let repeat = 0; repeat < 10_000; repeat++)
      scene.tell(agent, { taskId: "web", state: "TASK_RUNNING" })
    const task = () =>
      [...scene.master.driver.view.frameworks.values()][0]?.tasks.get("web" as never)
    await until("all to be taken in", () => {
      const heard = scene.stream.events.filter((event) => event["type"] === "UPDATE")
      return heard.length > 10_000
    })
    expect(task()?.statuses).toHaveLength(1)
    const other = await subscribe(scene.master, JSON_TYPE, { name: "other" })
    await other.event("SUBSCRIBED")
  })

  test("one that keeps every offer: each agent is offered once, until --offer_timeout frees it", async () => {
    const timings = { offerMs: 60_000 }
    const master = await TestMaster.start({}, undefined, { timings })
    const hoarder = await subscribe(master, JSON_TYPE, { name: "hoarder" })
    await hoarder.event("SUBSCRIBED")
    for (let count = 0; count < 50; count++) await master.agent()
    const { offers, frameworks } = master.driver.view
    await until("all offers", () => offers.size === 50)
    const other = await subscribe(master, JSON_TYPE, { name: "other" })
    await other.event("SUBSCRIBED")
    master.clock.advance(30_000)
    expect(offers.size).toBe(50)
    master.clock.advance(31_000)
    await until("offers of the other", () =>
      [...frameworks.values()].some(({ info, offers: of }) => info.name === "other" && of.size > 0),
    )
    expect(hoarder.events.filter((event) => event["type"] === "RESCIND")).not.toEqual([])
    expect(offers.size).toBeLessThanOrEqual(50)
    master.driver.checkInvariants()
  })
})
