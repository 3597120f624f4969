import { afterEach, describe, expect, test } from "bun:test"
import { createServer } from "node:net"
import type { AddressInfo, Server } from "node:net"
import { TestPlace } from "#lib/io/testing/containers.ts"
import { SocketProber } from "./socket-prober.ts"
import { command, testWith } from "../../../test/fixtures/system-parts.ts"

const prober = new SocketProber()
const closing: (() => unknown)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A raw server that sends what it is told as soon as a request is there. */
async function rawServer(answer: string | undefined): Promise<{ port: number; heard: string[] }> {
  const heard: string[] = []
  const server: Server = createServer((socket) => {
    socket.on("error", () => {})
    socket.on("data", (chunk) => {
      heard.push(chunk.toString())
      if (answer === undefined) return
      if (answer === "") socket.destroy()
      else socket.end(answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  closing.push(() => server.close())
  return { port: (server.address() as AddressInfo).port, heard }
}

const http = (port: number, path = "/", timeoutMs = 2000, signal?: AbortSignal) =>
  prober.probe(
    { kind: "http", scheme: "http", host: "127.0.0.1", port, path },
    { timeoutMs, signal },
  )

describe("http", () => {
  test("asks for the path and gives the status", async () => {
    const server = await rawServer("HTTP/1.1 204 No Content\r\n\r\n")
    expect(await http(server.port, "/a b?c=%2F&d=ü")).toEqual({ kind: "http", statusCode: 204 })
    const [request = ""] = server.heard
    expect(request.split("\r\n")[0]).toBe("GET /a%20b?c=%2F&d=%C3%BC HTTP/1.1")
    expect(request).toContain(`Host: 127.0.0.1:${server.port}\r\n`)
  })

  test("gives type and body where they are wanted, as far as they come in time", async () => {
    const target = { kind: "http", scheme: "http", host: "127.0.0.1", path: "/" } as const
    const head = "HTTP/1.1 503 Busy\r\nContent-Type: text/plain\r\n"
    const ask = async (answer: string) =>
      prober.probe(
        { ...target, port: (await rawServer(answer)).port },
        { timeoutMs: 2000, bodyBytes: 100 },
      )
    const expected = { kind: "http", statusCode: 503, contentType: "text/plain", body: "not yet" }
    expect(await ask(`${head}Content-Length: 7\r\n\r\nnot yet`)).toEqual(expected as never)
    expect(await ask(`${head}\r\nnot yet`)).toEqual(expected as never)
    expect(await ask(`${head}Content-Length: 70\r\n\r\nnot yet`)).toEqual(expected as never)
  })

  test("does not follow redirects, and skips interim answers", async () => {
    const redirect = await rawServer("HTTP/1.1 302 Found\r\nLocation: http://x/\r\n\r\n")
    expect(await http(redirect.port)).toEqual({ kind: "http", statusCode: 302 })
    const interim = await rawServer("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 503 Busy\r\n\r\n")
    expect(await http(interim.port)).toEqual({ kind: "http", statusCode: 503 })
  })

  test("says what failed: refused, closed, not HTTP", async () => {
    const gone = await rawServer("")
    const other = await rawServer("SSH-2.0-OpenSSH\r\n")
    expect(await http(gone.port)).toMatchObject({
      kind: "failed",
      timedOut: false,
      message: `GET http://127.0.0.1:${gone.port}/: the connection was closed without an answer`,
    })
    expect(await http(other.port)).toMatchObject({
      message: expect.stringContaining("the answer is not HTTP"),
    })
    closing.splice(0).forEach((close) => close())
    await Bun.sleep(0)
    expect(await http(1)).toMatchObject({ kind: "failed", timedOut: false })
  })

  test("gives up after its time, and when told to", async () => {
    const silent = await rawServer(undefined)
    expect(await http(silent.port, "/", 50)).toMatchObject({
      kind: "failed",
      timedOut: true,
      message: expect.stringContaining("no answer in 0.05 s"),
    })
    const aborted = await http(silent.port, "/", 0, AbortSignal.abort())
    expect(aborted).toMatchObject({ kind: "failed", timedOut: false })
  })

  testWith(command("openssl"))("takes any certificate over https", async () => {
    using place = new TestPlace()
    const [key, cert] = [`${place.root}/key`, `${place.root}/cert`]
    const subject = ["-subj", "/CN=elsewhere", "-days", "1", "-nodes", "-newkey", "rsa:2048"]
    Bun.spawnSync(["openssl", "req", "-x509", ...subject, "-keyout", key, "-out", cert])
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      tls: { key: Bun.file(key), cert: Bun.file(cert) },
      fetch: () => new Response("x".repeat(1_000_000), { status: 200 }),
    })
    closing.push(() => server.stop(true))
    const port = server.port ?? 0
    const target = { kind: "http", scheme: "https", host: "127.0.0.1", port, path: "/" } as const
    expect(await prober.probe(target, { timeoutMs: 5000 })).toEqual({
      kind: "http",
      statusCode: 200,
    })
  })
})

describe("tcp", () => {
  test("succeeds when the connection is accepted", async () => {
    const { port } = await rawServer(undefined)
    const target = { kind: "tcp", host: "127.0.0.1", port } as const
    expect(await prober.probe(target, { timeoutMs: 2000 })).toEqual({ kind: "tcp" })
  })

  test("names the target when it is refused", async () => {
    const target = { kind: "tcp", host: "127.0.0.1", port: 1 } as const
    const outcome = await prober.probe(target, { timeoutMs: 2000 })
    expect(outcome).toMatchObject({ kind: "failed", timedOut: false })
    expect(outcome.kind === "failed" && outcome.message).toStartWith(
      "TCP connection to 127.0.0.1:1: ",
    )
  })
})
