/** What registries and builders do that no specification asks for, met by pulls into a store on the real disk. */
import { expect, test } from "bun:test"
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs"
import { FakeRegistry, architecture } from "#lib/io/images/testing/fake-registry.ts"
import {
  failure,
  layer,
  open,
  place,
  pull,
  pulled,
  read,
  registry,
  withRoot,
  useWorld,
} from "#lib/io/images/testing/image-world.ts"
import { Certificates } from "./certificates.ts"

useWorld()

const MIB = 1024 * 1024

/** The manifest of "app:1", offered again with other members. */
function reoffer(change: (manifest: Record<string, unknown>) => unknown, type = ""): void {
  const manifest = JSON.parse(registry.manifest("app:1")) as Record<string, unknown>
  registry.put("app", "1", JSON.stringify(change(manifest)), type)
}

withRoot("images of other makers", () => {
  test.each(["application/octet-stream", "application/json", "text/html", "", undefined])(
    "old registries call the configuration of an image %p",
    async (mediaType) => {
      registry.offer("app:1", { layers: [layer("a")] })
      reoffer((manifest) => ({
        ...manifest,
        config: { ...(manifest["config"] as object), mediaType },
      }))
      expect(read(await pulled(open()), 0, "a")).toBe("a")
    },
  )

  test("an architecture may have the name that the kernel gives it", async () => {
    const kernels = architecture === "amd64" ? "x86_64" : "aarch64"
    const digest = registry.offer("app:1", { layers: [layer("a")], architecture: kernels })
    await pulled(open())
    registry.offerIndex("app:2", [
      { digest: registry.offer("app:other", { layers: [layer("b")] }), architecture: "s390x" },
      { digest, architecture: kernels },
    ])
    expect(read(await pulled(open(), { name: "app:2" }), 0, "a")).toBe("a")
  })
})

withRoot("registries", () => {
  test("a challenge with an empty scope, and a token under its other name", async () => {
    registry.offer("app:1", { layers: [layer("a")] })
    const scopes: (string | null)[] = []
    const tokens = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) => {
        scopes.push(new URL(request.url).searchParams.get("scope"))
        return Response.json({ token: "", access_token: "here" })
      },
    })
    const challenge = `Bearer realm="http://127.0.0.1:${tokens.port}/token",service="s",scope=""`
    registry.intercept = (request, url) =>
      url.pathname === "/v2/" || request.headers.get("authorization") === "Bearer here"
        ? undefined
        : new Response("", { status: 401, headers: { "www-authenticate": challenge } })
    await pulled(open())
    expect(scopes).toEqual(["repository:app:pull"])
    await tokens.stop(true)
  })

  test("one on loopback that is down for a moment is not taken for plain http from then on", async () => {
    const files = [`${place}/key.pem`, `${place}/cert.pem`] as const
    const subject = ["-subj", "/CN=registry", "-addext", "subjectAltName=IP:127.0.0.1"]
    const newKey = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    const out = ["-keyout", files[0], "-out", files[1]]
    expect(Bun.spawnSync(["openssl", ...newKey, ...out, ...subject]).exitCode).toBe(0)
    const [key, cert] = files.map((file) => readFileSync(file, "utf8"))
    const tls = { key: key ?? "", cert: cert ?? "" }
    const first = new FakeRegistry(tls)
    const name = `${first.host}/app:1`
    const port = Number(first.host.split(":")[1])
    mkdirSync(`${place}/certs/${first.host}`, { recursive: true })
    writeFileSync(`${place}/certs/${first.host}/ca.crt`, tls.cert)
    await first.stop()
    const store = open()
    expect(await failure(store, { name })).toStartWith("unreachable: ")
    const second = new FakeRegistry(tls, port)
    second.offer("app:1", { layers: [layer("a")] })
    await pulled(store, { name })
    await second.stop()
  })

  /** An image of one layer of some MiB, whose blob is answered by `answer`, and what is asked for. */
  function large(answer: (blob: Buffer, from: number) => Response): readonly string[] {
    const content = Buffer.alloc(8 * MIB)
    crypto.getRandomValues(content.subarray(0, 65_536))
    const entries = [{ path: "large", content }]
    const mediaType = "application/vnd.oci.image.layer.v1.tar"
    registry.offer("app:1", { layers: [{ entries, mediaType, pack: (tar) => tar }] })
    const [digest = ""] = registry.layers("app:1")
    const ranges: string[] = []
    registry.intercept = ({ headers }, url) => {
      if (!url.pathname.endsWith(digest)) return undefined
      const range = headers.get("range") ?? ""
      ranges.push(range)
      return answer(Buffer.from(registry.blob(digest)), Number(/\d+/.exec(range)?.[0] ?? 0))
    }
    return ranges
  }

  const part = (blob: Buffer, from: number, to: number): Response =>
    new Response(blob.subarray(from, to) as Uint8Array<ArrayBuffer>, {
      status: from === 0 ? 200 : 206,
      headers: from === 0 ? {} : { "content-range": `bytes ${from}-${to - 1}/${blob.length}` },
    })

  test("connections that are cut bring a layer together, each the part after the last", async () => {
    const step = 1.5 * MIB
    const ranges = large((blob, from) => part(blob, from, Math.min(from + step, blob.length)))
    const root = await pulled(open())
    expect(statSync(`${root.layers[0]?.path}/large`).size).toBe(8 * MIB)
    expect(ranges).toEqual(["", ...[1, 2, 3, 4, 5].map((index) => `bytes=${index * step}-`)])
  })

  test.each([
    ["all of it", (blob: Buffer) => part(blob, 0, blob.length)],
    ["another part", (blob: Buffer) => part(blob, 5, blob.length)],
    ["that there is none", () => new Response("", { status: 416 })],
    [
      "other bytes",
      (blob: Buffer, from: number) => part(Buffer.alloc(blob.length), from, blob.length),
    ],
  ])("a layer that was cut begins anew where a registry answers %s", async (_, answer) => {
    let asked = 0
    large((blob, from) => {
      asked++
      if (asked === 1) return part(blob, 0, 2 * MIB)
      return from > 0 ? answer(blob, from) : part(blob, 0, blob.length)
    })
    const root = await pulled(open())
    expect(statSync(`${root.layers[0]?.path}/large`).size).toBe(8 * MIB)
  })

  test("a launch that is given up does not wait for the downloads of others", async () => {
    const held = Promise.withResolvers<undefined>()
    let asked = 0
    const busy = Promise.withResolvers<void>()
    registry.offer("app:1", { layers: [layer("a"), layer("b"), layer("c")] })
    registry.offer("app:2", { layers: [layer("d")] })
    const slow = new Set(registry.layers("app:1"))
    registry.intercept = (_, url) => {
      if (!slow.has(url.pathname.slice(url.pathname.lastIndexOf("/") + 1))) return undefined
      if (++asked === 3) busy.resolve()
      return held.promise
    }
    const store = open({ answerMs: 60_000, stallMs: 60_000 })
    const first = pull(store)
    await busy.promise
    const abort = new AbortController()
    const second = pull(store, { name: "app:2", holder: "other" }, abort.signal)
    while (readdirSync(`${place}/store/staging`).length < 4) await Bun.sleep(5)
    abort.abort()
    expect(await second).toMatchObject({ ok: false, error: { code: "cancelled" } })
    expect(readdirSync(`${place}/store/staging`)).toHaveLength(3)
    held.resolve(undefined)
    expect((await first).ok).toBe(true)
  })
})

test("the certificates of a host may lie under the name that has its usual port", () => {
  for (const name of ["registry.test", "registry.test:443", "registry.test:5000"]) {
    mkdirSync(`${place}/certs/${name}`, { recursive: true })
    writeFileSync(`${place}/certs/${name}/ca.crt`, name)
  }
  const certificates = new Certificates(`${place}/certs`)
  const own = (host: string): readonly string[] =>
    certificates.of(host).ca.filter((text) => text.startsWith("registry.test"))
  expect(own("registry.test")).toEqual(["registry.test", "registry.test:443"])
  expect(own("registry.test:5000")).toEqual(["registry.test:5000"])
})
