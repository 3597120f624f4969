/**
 * The process under test: the real `MasterDriver` on the real SQLite store with the real HTTP API, but
 * with one Unix socket in place of all WebSockets and scheduler streams. Messages are parsed from JSON
 * as they are in production, so that nothing is shared with the load, which runs in another process.
 * `bun master-process.ts <folder>`; prints the port of its HTTP API once all is open.
 */
import { rmSync } from "node:fs"
import { createServer, type Socket } from "node:net"
import { heapStats } from "bun:jsc"
import { listen, SqliteStore, systemClock } from "#lib/io/index.ts"
import { createMasterApi, MasterDriver, type LinkId, type StreamId } from "#lib/master/index.ts"
import type { Log } from "#lib/ports/index.ts"
import { FrameWriter, readFrames, type FromMaster, type Question, type ToMaster } from "./frames.ts"
import { LagMeter } from "./lag-meter.ts"

const [folder = "."] = process.argv.slice(2)

const log: Log = {
  enabled: (level) => level === "error",
  write: (level, message, fields) => {
    if (level === "error") console.error(message, fields)
  },
}
const onFatal = (cause: unknown): void => {
  console.error(cause)
  process.exit(1)
}

let writer: FrameWriter<FromMaster> | undefined
const started = await MasterDriver.start({
  master: {
    info: { id: crypto.randomUUID(), ip: 0, port: 5050, hostname: "m1", version: "1.12.0" },
    seed: 1,
  },
  store: new SqliteStore(`${folder}/state.db`),
  clock: systemClock,
  log,
  links: {
    send: (link, messages) => writer?.write({ kind: "agent", link: Number(link), messages }),
    close: (link, reason) => console.error(`link ${link} closed: ${reason}`),
  },
  newId: () => crypto.randomUUID(),
  onFatal,
})
if (!started.ok) throw new Error(started.error.message)
const driver = started.value

const build = { version: "1.12.0", buildDate: "", buildTime: 0, buildUser: "bench" }
const api = createMasterApi({ master: driver, clock: systemClock, log, build, flags: {} })
const server = listen({
  hostname: "127.0.0.1",
  port: 0,
  name: "the API",
  handler: (request) => api.fetch(request),
})

const lag = new LagMeter()
lag.start()

function answer(what: Question): unknown {
  switch (what) {
    case "resetLag":
      return lag.reset()
    case "lag":
      return lag.read()
    case "heap": {
      Bun.gc(true)
      return { ...heapStats(), rss: process.memoryUsage.rss() }
    }
    case "snapshot":
      return Bun.write(`${folder}/heap.json`, JSON.stringify(Bun.generateHeapSnapshot()))
    default:
      return what satisfies never
  }
}

const linkOf = (link: number): LinkId => `${link}` as LinkId

/** Takes the load's only connection: all agents and all schedulers. */
function serve(socket: Socket): void {
  const out = new FrameWriter<FromMaster>(socket)
  const streams = new Map<number, StreamId>()
  writer = out
  readFrames<ToMaster>(socket, (frame) => {
    switch (frame.kind) {
      case "opened":
        return driver.linkOpened(linkOf(frame.link), "10.0.0.1")
      case "agent":
        return void driver.linkMessages(linkOf(frame.link), frame.messages)
      case "subscribe": {
        const stream = driver.subscribe(frame.request, {
          events: (events) => out.write({ kind: "events", stream: frame.stream, events }),
          end: () => console.error(`stream ${frame.stream} ended`),
        })
        if (stream !== undefined) streams.set(frame.stream, stream)
        return
      }
      case "call":
        return void driver
          .call({ ...frame.request, stream: streams.get(frame.stream) })
          .then(({ status, message }) => {
            if (status >= 300) out.write({ kind: "refused", status, message })
          })
      case "ask":
        return void Promise.resolve(answer(frame.what)).then((value) =>
          out.write({ kind: "reply", id: frame.id, value }),
        )
      default:
        return frame satisfies never
    }
  })
  socket.on("error", () => process.exit(0))
  socket.on("close", () => process.exit(0))
}

const socketPath = `${folder}/link.sock`
// Left by a life that was killed.
rmSync(socketPath, { force: true })
createServer(serve).listen(socketPath, () => console.log(server.port))
