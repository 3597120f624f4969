import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { listenSocket } from "./listen-socket.ts"

let directory: string
let path: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "dcos-socket-"))
  path = join(directory, "agent.sock")
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const open = () =>
  listenSocket({
    path,
    name: "the executors' API",
    serves: (request) => new URL(request.url).pathname === "/yes",
    handler: async (request) => new Response(`got ${await request.text()}`),
  })
const ask = (at: string, body: string | ReadableStream = "x") =>
  fetch(`http://agent${at}`, { unix: path, method: "POST", body })

describe("a server at a socket", () => {
  test("answers what it serves to every account, and is gone once it is stopped", async () => {
    const server = open()
    expect(await (await ask("/yes", "moin")).text()).toBe("got moin")
    expect((await ask("/no")).status).toBe(403)
    expect(statSync(path).mode & 0o777).toBe(0o666)
    await server.stop()
    expect(existsSync(path)).toBe(false)
  })

  test("takes the place of one that was left behind, but not of a file", async () => {
    open()
    const server = open()
    expect((await ask("/yes")).status).toBe(200)
    await server.stop()
    writeFileSync(path, "mine")
    expect(open).toThrow(`cannot open the executors' API at ${path}`)
    expect(existsSync(path)).toBe(true)
  })

  test("takes no body without end", async () => {
    const server = open()
    const response = await ask("/yes", "x".repeat(17 * 1024 * 1024))
    expect(response.status).toBe(413)
    await server.stop()
  })
})
