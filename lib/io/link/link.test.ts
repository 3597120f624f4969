import { afterEach, expect, test } from "bun:test"
import type { AgentToMaster, MasterToAgent } from "#lib/mesos/index.ts"
import { listen, type Listening } from "../listen.ts"
import { LinkClient, linkUrl } from "./link-client.ts"
import { LinkServer } from "./link-server.ts"

const cleanups: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** Resolves when `condition` holds; fails after five seconds. */
async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("the condition did not come true in time")
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

type Master = {
  readonly server: LinkServer
  readonly http: Listening
  readonly opened: string[]
  readonly closed: string[]
  readonly received: AgentToMaster[]
}

function startMaster(options: { token?: string; port?: number } = {}): Master {
  const opened: string[] = []
  const closed: string[] = []
  const received: AgentToMaster[] = []
  const server = new LinkServer({
    token: options.token,
    events: {
      opened: (link) => opened.push(link),
      received: (_link, messages) => received.push(...messages),
      closed: (link) => closed.push(link),
    },
  })
  const http = listen({
    hostname: "127.0.0.1",
    port: options.port ?? 0,
    name: "the test",
    handler: () => new Response("api"),
    links: server,
  })
  cleanups.push(() => http.stop())
  return { server, http, opened, closed, received }
}

function startAgent(port: number, token?: string) {
  const received: MasterToAgent[] = []
  const failures: { reason: string; fatal: boolean }[] = []
  const counts = { opened: 0, closed: 0 }
  const client = new LinkClient({
    master: `http://127.0.0.1:${port}`,
    token,
    handler: (request) => new Response(`agent saw ${new URL(request.url).pathname}`),
    events: {
      opened: () => counts.opened++,
      received: (messages) => received.push(...messages),
      closed: () => counts.closed++,
      failed: (reason, fatal) => failures.push({ reason, fatal }),
    },
  })
  cleanups.push(() => client.stop())
  client.start()
  return { client, received, failures, counts }
}

test("carries messages both ways, several in one frame, in order", async () => {
  const master = startMaster({ token: "secret" })
  const agent = startAgent(master.http.port, "secret")
  await until(() => master.opened.length === 1 && agent.counts.opened === 1)
  agent.client.send([
    { kind: "pong", sequence: 1 },
    { kind: "pong", sequence: 2 },
  ])
  master.server.send(master.opened[0] ?? "", [{ kind: "ping", sequence: 3 }])
  await until(() => master.received.length === 2 && agent.received.length === 1)
  expect(master.received).toEqual([
    { kind: "pong", sequence: 1 },
    { kind: "pong", sequence: 2 },
  ])
  expect(agent.received).toEqual([{ kind: "ping", sequence: 3 }])
})

test("carries a request to the agent's API", async () => {
  const master = startMaster()
  const agent = startAgent(master.http.port)
  await until(() => master.opened.length === 1 && agent.counts.opened === 1)
  const response = await master.server.fetch(master.opened[0] ?? "", new Request("http://x/state"))
  expect(await response.text()).toBe("agent saw /state")
  await expect(master.server.fetch("nobody", new Request("http://x/"))).rejects.toThrow(
    "not connected",
  )
})

test("refuses a wrong token, and the agent learns the cause and the remedy", async () => {
  const master = startMaster({ token: "secret" })
  const agent = startAgent(master.http.port, "wrong")
  await until(() => agent.failures.length > 0)
  expect(agent.failures[0]?.fatal).toBe(true)
  expect(agent.failures[0]?.reason).toContain("refused the join token")
  expect(master.opened).toEqual([])
})

test("connects when the master comes up later, and again after it went away", async () => {
  const first = startMaster()
  const { port } = first.http
  await first.http.stop()
  const agent = startAgent(port)
  await until(() => agent.failures.some((failure) => failure.reason.includes("cannot reach")))
  const second = startMaster({ port })
  await until(() => agent.counts.opened === 1)
  await second.http.stop()
  await until(() => agent.counts.closed === 1)
  const third = startMaster({ port })
  await until(() => third.opened.length === 1)
})

test("closes a link whose frame is not a list of messages", async () => {
  const master = startMaster()
  const socket = new WebSocket(linkUrl(`ws://127.0.0.1:${master.http.port}`))
  cleanups.push(() => socket.close())
  await until(() => master.opened.length === 1 && socket.readyState === WebSocket.OPEN)
  socket.send("not json")
  await until(() => master.closed.length === 1)
  expect(master.received).toEqual([])
})

test("understands the ways to write the master's address, and refuses others", () => {
  for (const text of ["127.0.0.1:5050", "ws://127.0.0.1:5050", "http://127.0.0.1:5050"])
    expect(linkUrl(text).href).toBe("ws://127.0.0.1:5050/api/agent-link")
  expect(linkUrl("m1").href).toBe("ws://m1:5050/api/agent-link")
  expect(linkUrl("https://m1").href).toBe("wss://m1/api/agent-link")
  expect(() => linkUrl("ftp://m1")).toThrow(TypeError)
})

test("a busy port is named, with what to do", () => {
  const master = startMaster()
  expect(() => startMaster({ port: master.http.port })).toThrow(
    /another process uses port \d+; stop it or give another port/,
  )
})

/** Opens WebSockets and never says anything after that, as a master does that is cut off. */
function startSilence(): number {
  const silence = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, data) {
        const key = /sec-websocket-key: (.+)\r\n/i.exec(data.toString())?.[1]
        if (key === undefined) return
        const accept = new Bun.CryptoHasher("sha1")
          .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
          .digest("base64")
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
        )
      },
    },
  })
  cleanups.push(() => silence.stop(true))
  return silence.port
}

test("leaves a master that does not even answer the closing of the link", async () => {
  const { client, counts } = startAgent(startSilence())
  await until(() => counts.opened === 1)
  client.reconnect()
  await until(() => counts.opened === 2)
  expect(counts.closed).toBe(1)
})
