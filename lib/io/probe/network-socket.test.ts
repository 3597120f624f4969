import { afterAll, beforeAll, expect, test } from "bun:test"
import { readlinkSync } from "node:fs"
import { TestPlace } from "#lib/io/testing/containers.ts"
import { inNetwork, networkOf } from "#lib/io/host/network-namespace.ts"
import type { ProbeTarget } from "#lib/ports/index.ts"
import { SocketProber } from "./socket-prober.ts"
import { NetworkNamespace, networkNamespaces } from "../../../test/fixtures/network-namespace.ts"
import { command, describeWith } from "../../../test/fixtures/system-parts.ts"

/** Answers on a loopback address: over http with 204, over https with 203; says its port and waits. */
const SERVER = `
const answer = (status) => ({ fetch: () => new Response(null, { status }) })
const [host, key, cert] = process.argv.slice(-3)
const http = Bun.serve({ hostname: host, port: 0, ...answer(204) })
const tls = { key: Bun.file(key), cert: Bun.file(cert) }
const https = Bun.serve({ hostname: host, port: 0, tls, ...answer(203) })
console.log(http.port, https.port)
`

const prober = new SocketProber()
const ownNetwork = (): string => readlinkSync("/proc/thread-self/ns/net")

describeWith(networkNamespaces(), command("openssl"))("in a network of its own", () => {
  const own = ownNetwork()
  const children: Bun.Subprocess[] = []
  const place = new TestPlace()
  let there: NetworkNamespace
  let network: string
  let ports: { readonly http: number; readonly https: number }
  let six: { readonly http: number; readonly https: number }

  async function serve(host: string) {
    const [key, cert] = [`${place.root}/key`, `${place.root}/cert`]
    const words = there.command([process.execPath, "-e", SERVER, "--", host, key, cert])
    const child = Bun.spawn(words, { stdout: "pipe", stderr: "inherit" })
    children.push(child)
    const { value } = await child.stdout.getReader().read()
    const [http = 0, https = 0] = new TextDecoder().decode(value).trim().split(" ").map(Number)
    return { http, https }
  }

  beforeAll(async () => {
    const made = NetworkNamespace.create()
    if (made === undefined) throw new Error("no network namespace")
    there = made
    network = `/var/run/netns/${there.name}`
    const subject = ["-subj", "/CN=elsewhere", "-days", "1", "-nodes", "-newkey", "rsa:2048"]
    const files = ["-keyout", `${place.root}/key`, "-out", `${place.root}/cert`]
    Bun.spawnSync(["openssl", "req", "-x509", ...subject, ...files])
    ports = await serve("127.0.0.1")
    six = await serve("::1")
  })
  afterAll(() => {
    for (const child of children) child.kill()
    there[Symbol.dispose]()
    place[Symbol.dispose]()
  })

  const ask = (target: Partial<ProbeTarget> & { readonly port: number }, timeoutMs = 5000) =>
    prober.probe(
      { kind: "http", scheme: "http", host: "127.0.0.1", path: "/", network, ...target } as never,
      { timeoutMs },
    )

  test("HTTP, HTTPS and TCP are asked at the loopback address there, not here", async () => {
    const here = Bun.serve({ hostname: "127.0.0.1", port: ports.http, fetch: () => new Response() })
    try {
      expect(await ask({ port: ports.http })).toEqual({ kind: "http", statusCode: 204 })
      const https = { kind: "http", scheme: "https", port: ports.https } as const
      expect(await ask(https)).toEqual({ kind: "http", statusCode: 203 })
      expect(await ask({ kind: "tcp", port: ports.http })).toEqual({ kind: "tcp" })
      expect(await ask({ host: "::1", port: six.http })).toEqual({ kind: "http", statusCode: 204 })
      expect(await ask({ port: ports.http, network: undefined })).toMatchObject({ statusCode: 200 })
    } finally {
      await here.stop(true)
    }
    expect(ownNetwork()).toBe(own)
  })

  test("what listens here only is refused there", async () => {
    const here = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() })
    try {
      const port = here.port ?? 0
      expect(await ask({ port })).toMatchObject({ kind: "failed", timedOut: false })
      expect(await ask({ kind: "tcp", port })).toMatchObject({ kind: "failed", timedOut: false })
    } finally {
      await here.stop(true)
    }
  })

  test("a network that is gone fails, naming it", async () => {
    expect(await ask({ port: 80, network: "/var/run/netns/gone" })).toMatchObject({
      kind: "failed",
      message: expect.stringContaining("/var/run/netns/gone") as string,
    })
  })

  test("what does not answer is given up in time", async () => {
    const silent = there.ours.replace(/\.\d+$/, ".3")
    expect(await ask({ host: silent, port: 80 }, 100)).toMatchObject({ kind: "failed" })
  })

  test("work that fails leaves the thread in its own network", () => {
    const fail = (): never => {
      throw new Error("no")
    }
    expect(() => inNetwork(network, fail)).toThrow("no")
    expect(ownNetwork()).toBe(own)
    expect(inNetwork(network, ownNetwork)).not.toBe(own)
  })

  test("a process is known by its network, unless it is ours", () => {
    const [server] = children
    const path = networkOf(server?.pid ?? 0) ?? ""
    expect(readlinkSync(path)).toBe(inNetwork(network, ownNetwork))
    expect(networkOf(process.pid)).toBeUndefined()
    expect(networkOf(2 ** 30)).toBeUndefined()
  })
})
