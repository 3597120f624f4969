/** Images are pulled from a registry of the test's own into a store on the real disk, as root. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { zstdCompressSync } from "node:zlib"
import type { ImageRoot } from "#lib/ports/index.ts"
import { DiskImageStore } from "./disk-image-store.ts"
import type { DiskImageStoreOptions } from "./disk-image-store.ts"
import { buildTar } from "./testing/tar-builder.ts"
import { FakeRegistry, architecture, sha256 } from "./testing/fake-registry.ts"
import { unpacker } from "./testing/unpacker.ts"

const withRoot = process.getuid?.() === 0 ? describe : describe.skip
const never = new AbortController().signal

let place = ""
let registry: FakeRegistry

beforeEach(() => {
  place = mkdtempSync(`${tmpdir()}/dcos-images-`)
  registry = new FakeRegistry()
})
afterEach(async () => {
  await registry.stop()
  rmSync(place, { recursive: true, force: true })
})

const open = (options: Partial<DiskImageStoreOptions> = {}): DiskImageStore =>
  new DiskImageStore({
    directory: `${place}/store`,
    unpacker,
    certificates: `${place}/certs`,
    answerMs: 2000,
    stallMs: 2000,
    ...options,
  })

type Asked = {
  readonly name?: string
  readonly cached?: boolean
  readonly holder?: string
  readonly credentials?: string
}

const pull = (store: DiskImageStore, asked: Asked = {}, signal = never) =>
  store.pull(
    {
      holder: asked.holder ?? "container",
      reference:
        asked.name?.includes("/") === true
          ? asked.name
          : `${registry.host}/${asked.name ?? "app:1"}`,
      cached: asked.cached ?? true,
      credentials: asked.credentials,
    },
    signal,
  )

async function pulled(store: DiskImageStore, asked: Asked = {}): Promise<ImageRoot> {
  const result = await pull(store, asked)
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

async function failure(store: DiskImageStore, asked: Asked = {}): Promise<string> {
  const result = await pull(store, asked)
  return result.ok ? "pulled" : `${result.error.code}: ${result.error.message}`
}

const layer = (name: string, content = name) => ({ entries: [{ path: name, content }] })

const read = (root: ImageRoot, index: number, name: string): string =>
  readFileSync(`${root.layers[index]!.path}/${name}`, "utf8")

const staged = (): readonly string[] => readdirSync(`${place}/store/staging`)

withRoot("pulling", () => {
  test("gives the layers, lowest first, and what the image asks for", async () => {
    const digest = registry.offer("app:1", {
      layers: [
        layer("low"),
        {
          ...layer("high"),
          pack: zstdCompressSync,
          mediaType: "application/vnd.oci.image.layer.v1.tar+zstd",
        },
      ],
      config: {
        Entrypoint: ["/bin/app"],
        Cmd: ["serve"],
        Env: ["PATH=/bin", "EMPTY=", "A=b=c"],
        User: "web",
        WorkingDir: "/srv",
        Volumes: { "/data": {} },
        StopSignal: "SIGINT",
        Labels: { team: "web" },
      },
    })
    const root = await pulled(open())
    expect(root).toMatchObject({
      reference: `${registry.host}/app:1`,
      digest,
      config: {
        entrypoint: ["/bin/app"],
        command: ["serve"],
        environment: { PATH: "/bin", EMPTY: "", A: "b=c" },
        user: "web",
        workingDirectory: "/srv",
        volumes: ["/data"],
        stopSignal: "SIGINT",
        labels: { team: "web" },
      },
    })
    expect([read(root, 0, "low"), read(root, 1, "high")]).toEqual(["low", "high"])
    expect(staged()).toEqual([])
  })

  test("asks the registry once for a cached image, and again when it must not be cached", async () => {
    registry.offer("app:1", { layers: [layer("a", "old")] })
    const store = open()
    await pulled(store)
    const asked = registry.requests.length
    await pulled(store)
    expect(registry.requests).toHaveLength(asked)
    registry.offer("app:1", { layers: [layer("a", "new")] })
    const fresh = await pulled(store, { cached: false })
    expect(read(fresh, 0, "a")).toBe("new")
    expect(read(await pulled(store), 0, "a")).toBe("new")
  })

  test("a store that is opened again has its images still", async () => {
    registry.offer("app:1", { layers: [layer("a")] })
    const before = await pulled(open())
    const asked = registry.requests.length
    expect(await pulled(open())).toEqual(before)
    expect(registry.requests).toHaveLength(asked)
  })

  test("requests for the same image share one pull; images share their layers", async () => {
    registry.offer("app:1", { layers: [layer("base"), layer("one")] })
    registry.offer("app:2", { layers: [layer("base"), layer("two")] })
    const store = open()
    const [a, b, c] = await Promise.all([
      pulled(store),
      pulled(store),
      pulled(store, { name: "app:2" }),
    ])
    expect(a).toEqual(b)
    expect(a.layers[0]).toEqual(c.layers[0]!)
    expect(registry.count("manifests/1")).toBe(1)
    expect(registry.requests.filter((request) => request.includes("/blobs/"))).toHaveLength(5)
  })

  test("a layer that an image has twice is there once", async () => {
    registry.offer("app:1", { layers: [layer("a"), layer("b"), layer("a")] })
    const root = await pulled(open())
    expect([read(root, 0, "b"), read(root, 1, "a"), root.layers.length]).toEqual(["b", "a", 2])
  })

  test("of several platforms it takes that of this machine", async () => {
    const mine = registry.offer("app:mine", { layers: [layer("mine")] })
    const other = registry.offer("app:other", { layers: [layer("other")], architecture: "s390x" })
    const entries = [
      { digest: other, architecture: "s390x" },
      { digest: mine, architecture },
    ]
    const digest = registry.offerIndex("app:1", entries)
    const root = await pulled(open())
    expect([read(root, 0, "mine"), root.digest]).toEqual(["mine", digest])
    registry.offerIndex("app:2", entries.slice(0, 1))
    expect(await failure(open(), { name: "app:2" })).toContain(
      `not made for linux/${architecture}, but for linux/s390x`,
    )
    expect(await failure(open(), { name: "app:other" })).toStartWith("unsupported: ")
  })

  test("a digest names one manifest, which is verified", async () => {
    const digest = registry.offer("app:1", { layers: [layer("a")] })
    expect((await pulled(open(), { name: `app@${digest}` })).digest).toBe(digest)
    const wrong = sha256("else")
    registry.intercept = (_, url) =>
      url.pathname.includes(wrong) ? new Response('{"schemaVersion":2}') : undefined
    expect(await failure(open(), { name: `app@${wrong}` })).toStartWith("corrupt: ")
  })

  test("the directory is closed to other users", async () => {
    registry.offer("app:1", { layers: [layer("a")] })
    await pulled(open())
    for (const name of ["layers", "images", "staging"])
      expect(Bun.spawnSync(["stat", "-c", "%a", `${place}/store/${name}`]).stdout.toString()).toBe(
        "700\n",
      )
  })
})

withRoot("what goes wrong", () => {
  beforeEach(() => {
    registry.offer("app:1", { layers: [layer("a", "x".repeat(5000)), layer("b")] })
  })

  const nothingLeft = (): void => {
    expect(staged()).toEqual([])
    expect(readdirSync(`${place}/store/images`)).toEqual([])
  }

  test("a name that no image can have", async () => {
    expect(await failure(open(), { name: "Web/../x" })).toStartWith("badReference: ")
  })

  test("no such image", async () => {
    const text = await failure(open(), { name: "app:none" })
    expect(text).toBe(
      `notFound: the image '${registry.host}/app:none' cannot be had: the registry ${registry.host} answered 404 (manifest unknown): check its name and tag`,
    )
  })

  test("a registry that cannot be reached", async () => {
    await registry.stop()
    const text = await failure(open())
    expect(text).toStartWith("unreachable: ")
    expect(text).toContain("tried 4 times")
  })

  test("a registry that never answers", async () => {
    registry.intercept = (_, url) =>
      url.pathname === "/v2/" ? undefined : new Promise<Response>(() => {})
    const text = await failure(open({ answerMs: 200 }))
    expect(text).toContain("did not answer for 0.2 s")
  })

  test("a registry that stops in the middle of a layer", async () => {
    registry.intercept = (_, url) => {
      if (!url.pathname.includes("/blobs/")) return undefined
      return new Response(new ReadableStream({ start: (to) => to.enqueue(new Uint8Array(10)) }))
    }
    expect(await failure(open({ stallMs: 100 }))).toContain("unreachable: ")
    nothingLeft()
  })

  test("a layer that is not what its digest says", async () => {
    registry.intercept = (_, url) => {
      const digest = url.pathname.slice(url.pathname.lastIndexOf("/") + 1)
      const bytes = Buffer.from(registry.blob(digest))
      if (!url.pathname.includes("/blobs/") || bytes[0] !== 0x1f) return undefined
      bytes[9] = (bytes[9] ?? 0) ^ 1
      return new Response(bytes)
    }
    const text = await failure(open())
    expect(text).toStartWith("corrupt: ")
    expect(text).toContain("for the blob sha256:")
    nothingLeft()
  })

  test("a layer that is shorter, or longer, than its manifest says", async () => {
    const change = (cut: (bytes: Uint8Array) => Uint8Array) => (_: Request, url: URL) => {
      const bytes = registry.blob(url.pathname.slice(url.pathname.lastIndexOf("/") + 1))
      return url.pathname.includes("/blobs/") && bytes[0] === 0x1f
        ? new Response(Buffer.from(cut(bytes)))
        : undefined
    }
    registry.intercept = change((bytes) => bytes.subarray(0, 20))
    expect(await failure(open())).toMatch(
      /^unreachable: .* ended after 20 of \d+ bytes \(tried 4 times\)$/,
    )
    registry.intercept = change((bytes) => Buffer.concat([bytes, Buffer.alloc(1)]))
    expect(await failure(open())).toMatch(/^corrupt: .* sent more than \d+ bytes/)
    nothingLeft()
  })

  test("a layer whose tar is not the one that the configuration names", async () => {
    registry.offer("app:1", { layers: [layer("a")], diffIds: [sha256("other")] })
    expect(await failure(open())).toMatch(
      /^corrupt: .* the content of its layer sha256:\w+ is sha256:/,
    )
    nothingLeft()
  })

  test("a layer that would write outside", async () => {
    registry.offer("app:1", { layers: [{ entries: [{ path: "../../../evil", content: "x" }] }] })
    expect(await failure(open())).toMatch(/^badLayer: .*would lie outside of the layer/)
    nothingLeft()
    expect(existsSync(`${place}/evil`)).toBe(false)
  })

  test("kinds of images that are not used", async () => {
    const put = (body: unknown, type = ""): void => {
      registry.put("app", "1", JSON.stringify(body), type)
    }
    put(
      { schemaVersion: 1, name: "app" },
      "application/vnd.docker.distribution.manifest.v1+prettyjws",
    )
    expect(await failure(open())).toContain(
      "of schema 1, which is no longer used: push the image again",
    )
    const descriptor = {
      mediaType: "application/vnd.cncf.helm.config.v1+json",
      digest: sha256(""),
      size: 0,
    }
    put({ schemaVersion: 2, config: descriptor, layers: [] })
    expect(await failure(open())).toContain("holds 'application/vnd.cncf.helm.config.v1+json'")
    registry.offer("app:1", {
      layers: [
        { ...layer("a"), mediaType: "application/vnd.oci.image.layer.v1.tar+gzip+encrypted" },
      ],
    })
    expect(await failure(open())).toContain("+encrypted'")
    put("no manifest")
    expect(await failure(open())).toStartWith("unsupported: ")
  })

  test("a registry that has a bad moment is asked again", async () => {
    let failures = 3
    registry.intercept = (_, url) =>
      url.pathname.includes("/blobs/") && failures-- > 0
        ? new Response("busy", { status: 503 })
        : undefined
    expect((await pulled(open())).layers).toHaveLength(2)
  })

  test("a pull that is given up ends at once and leaves nothing; another that waits for it does not", async () => {
    let asked = Promise.withResolvers<void>()
    const held = Promise.withResolvers<undefined>()
    registry.intercept = (_, url) => {
      if (!url.pathname.includes("/blobs/")) return undefined
      asked.resolve()
      return held.promise
    }
    const store = open({ answerMs: 60_000, stallMs: 60_000 })
    const abort = new AbortController()
    const first = pull(store, {}, abort.signal)
    const second = pull(store)
    await asked.promise
    abort.abort()
    expect(await first).toMatchObject({ ok: false, error: { code: "cancelled" } })
    held.resolve(undefined)
    expect((await second).ok).toBe(true)

    asked = Promise.withResolvers()
    registry.offer("app:3", { layers: [layer("c")] })
    registry.intercept = (_, url) => {
      if (!url.pathname.includes("/blobs/")) return undefined
      asked.resolve()
      return new Promise<Response>(() => {})
    }
    const alone = new AbortController()
    const third = pull(store, { name: "app:3" }, alone.signal)
    await asked.promise
    alone.abort()
    expect(await third).toMatchObject({ ok: false, error: { code: "cancelled" } })
  })

  test("the disk fills up while a layer is unpacked", async () => {
    mkdirSync(`${place}/small`)
    expect(
      Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", `${place}/small`]).exitCode,
    ).toBe(0)
    try {
      const content = Buffer.alloc(8 * 1024 * 1024, "x").toString()
      registry.offer("app:1", { layers: [layer("a", content)] })
      const store = open({ directory: `${place}/small/store` })
      const text = await failure(store)
      expect(text).toStartWith("diskFull: ")
      expect(text).toContain("make room")
      expect(readdirSync(`${place}/small/store/staging`)).toEqual([])
      const packed = Buffer.alloc(4 * 1024 * 1024)
      crypto.getRandomValues(packed.subarray(0, 65536))
      registry.offer("app:1", {
        layers: [
          {
            ...layer("a", content),
            pack: (tar) => tar,
            mediaType: "application/vnd.oci.image.layer.v1.tar",
          },
        ],
      })
      expect(await failure(store)).toMatch(
        /^diskFull: .* it needs more than \d+ MiB, \d+ MiB are free/,
      )
    } finally {
      Bun.spawnSync(["umount", `${place}/small`])
    }
  })
})

withRoot("logging in", () => {
  const config = (host: string, auth: string): string =>
    JSON.stringify({ auths: { [host]: { auth: Buffer.from(auth).toString("base64") } } })

  beforeEach(() => void registry.offer("app:1", { layers: [layer("a")] }))

  const wantBasic = (): void => {
    registry.intercept = (request) =>
      request.headers.get("authorization") === `Basic ${btoa("me:secret")}`
        ? undefined
        : new Response("", { status: 401, headers: { "www-authenticate": 'Basic realm="r"' } })
  }

  test("with a name and a password of the agent's, or of the task's", async () => {
    wantBasic()
    expect(await failure(open())).toContain("needs credentials")
    expect(await failure(open({ dockerConfig: config(registry.host, "me:wrong") }))).toContain(
      "credentials are wrong",
    )
    await pulled(open({ dockerConfig: config(registry.host, "me:secret") }))
    const other = open({
      directory: `${place}/other`,
      dockerConfig: config(registry.host, "me:wrong"),
    })
    await pulled(other, { credentials: config(registry.host, "me:secret") })
    writeFileSync(`${place}/config.json`, config(registry.host, "me:secret"))
    await pulled(open({ directory: `${place}/third`, dockerConfig: `${place}/config.json` }))
  })

  test("with a token, which is fetched once and again when it has run out", async () => {
    let given = 0
    let valid = ""
    const tokens = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) => {
        const url = new URL(request.url)
        expect(Object.fromEntries(url.searchParams)).toEqual({
          service: "here",
          scope: "repository:app:pull",
        })
        expect(request.headers.get("authorization")).toBe(`Basic ${btoa("me:secret")}`)
        valid = `token${++given}`
        return Response.json({ token: valid, expires_in: 300 })
      },
    })
    registry.intercept = (request, url) =>
      url.pathname === "/v2/" || request.headers.get("authorization") === `Bearer ${valid}`
        ? undefined
        : new Response("", {
            status: 401,
            headers: {
              "www-authenticate": `Bearer realm="http://127.0.0.1:${tokens.port}/token",service="here",scope="repository:app:pull"`,
            },
          })
    const store = open({ dockerConfig: config(registry.host, "me:secret") })
    await pulled(store)
    expect(given).toBe(1)
    valid = "another"
    await pulled(store, { cached: false })
    expect(given).toBe(2)
    await tokens.stop(true)
    valid = "again"
    expect(await failure(store, { cached: false })).toStartWith("unreachable: ")
  })

  test("what authorizes us does not go to the server of the blobs", async () => {
    const seen: (string | null)[] = []
    const blobs = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) => {
        seen.push(request.headers.get("authorization"))
        return new Response(Buffer.from(registry.blob(new URL(request.url).pathname.slice(1))))
      },
    })
    wantBasic()
    const basic = registry.intercept
    registry.intercept = async (request, url) =>
      (await basic(request, url)) ??
      (url.pathname.includes("/blobs/")
        ? Response.redirect(
            `http://127.0.0.1:${blobs.port}/${url.pathname.slice(url.pathname.lastIndexOf("/") + 1)}`,
            307,
          )
        : undefined)
    await pulled(open({ dockerConfig: config(registry.host, "me:secret") }))
    expect(seen).toEqual([null, null])
    await blobs.stop(true)
  })
})

withRoot("https", () => {
  test("trusts the authority that the operator gave for the registry, and no other", async () => {
    const key = `${place}/key.pem`
    const cert = `${place}/cert.pem`
    const subject = ["-subj", "/CN=registry", "-addext", "subjectAltName=IP:127.0.0.1"]
    const made = Bun.spawnSync([
      "openssl",
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "2",
      "-keyout",
      key,
      "-out",
      cert,
      ...subject,
    ])
    expect(made.exitCode).toBe(0)
    const pem = readFileSync(cert, "utf8")
    const secure = new FakeRegistry({ cert: pem, key: readFileSync(key, "utf8") })
    secure.offer("app:1", { layers: [layer("a")] })
    const name = `${secure.host}/app:1`
    expect(await failure(open(), { name })).toMatch(/^unreachable: .*is not trusted \(\w+\): put/)
    mkdirSync(`${place}/certs/${secure.host}`, { recursive: true })
    writeFileSync(`${place}/certs/${secure.host}/ca.crt`, pem)
    expect((await pulled(open(), { name })).layers).toHaveLength(1)
    await secure.stop()
  })
})

withRoot("keeping and removing", () => {
  beforeEach(() => {
    registry.offer("app:1", { layers: [layer("base"), layer("one")] })
    registry.offer("app:2", { layers: [layer("base"), layer("two")] })
  })

  const layersLeft = (): number => readdirSync(`${place}/store/layers`).length

  test("prunes what nobody holds; layers go with their last image", async () => {
    const store = open()
    await pulled(store, { holder: "one" })
    await pulled(store, { name: "app:2", holder: "two" })
    expect((await store.prune([])).images).toEqual([])
    store.release("two")
    expect((await store.prune([`${registry.host}/app:2`])).images).toEqual([])
    expect((await store.prune([])).images).toEqual([`${registry.host}/app:2`])
    expect(layersLeft()).toBe(2)
    store.release("one")
    store.release("one")
    const { images, bytes } = await store.prune([])
    expect(images).toEqual([`${registry.host}/app:1`])
    expect(bytes).toBeGreaterThan(0)
    expect(layersLeft()).toBe(0)
    expect(staged()).toEqual([])
  })

  test("holders of an earlier life keep their layers once they are named again", async () => {
    const { layers } = await pulled(open(), { holder: "one" })
    const next = open()
    next.hold(
      "one",
      layers.map(({ id }) => id),
    )
    expect((await next.prune([])).images).toEqual([])
    expect(layersLeft()).toBe(2)
    expect((await open().prune([])).images).toHaveLength(1)
    expect(layersLeft()).toBe(0)
  })

  test("the image used longest ago goes first when the disk fills up, and only as many as needed", async () => {
    registry.offer("app:3", { layers: [layer("three")] })
    const store = open({
      gc: { headroom: 1, intervalMs: 1000, excluded: [`${registry.host}/app:3`] },
    })
    for (const name of ["app:1", "app:2", "app:3"]) await pulled(store, { name })
    store.release("container")
    const { images } = await store.collect()
    expect(images).toEqual([`${registry.host}/app:1`, `${registry.host}/app:2`])
    const roomy = open({ gc: { headroom: 0, intervalMs: 1000, excluded: [] } })
    expect((await roomy.collect()).images).toEqual([])
  })

  test("what a crash left behind goes when the store is opened", async () => {
    await pulled(open())
    mkdirSync(`${place}/store/staging/rest/fs`, { recursive: true })
    writeFileSync(`${place}/store/staging/rest/blob`, "half")
    mkdirSync(`${place}/store/layers/half/fs`, { recursive: true })
    writeFileSync(`${place}/store/images/rest.json.part`, "{")
    const next = open()
    await pulled(next)
    expect(staged()).toEqual([])
    expect(layersLeft()).toBe(2)
    expect(readdirSync(`${place}/store/images`)).toHaveLength(1)
  })

  test("a layer that somebody deleted is brought again", async () => {
    const store = open()
    const before = await pulled(store)
    rmSync(`${place}/store/layers`, { recursive: true })
    mkdirSync(`${place}/store/layers`)
    const after = await pulled(store)
    expect(read(after, 0, "base")).toBe("base")
    expect(after.layers[0]!.path).not.toBe(before.layers[0]!.path)
  })

  test("layers of an earlier boot count only if the disk had all of them", async () => {
    const { layers } = await pulled(open())
    for (const { path } of layers) {
      const file = `${path}/../layer.json`
      const record = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>
      writeFileSync(file, JSON.stringify({ ...record, boot: "earlier" }))
      rmSync(`${path}/../durable`, { force: true })
    }
    writeFileSync(`${layers[0]!.path}/../durable`, "")
    const asked = registry.count(layers[0]!.id)
    const again = await pulled(open())
    expect(again.layers[0]).toEqual(layers[0]!)
    expect(again.layers[1]!.path).not.toBe(layers[1]!.path)
    expect(registry.count(layers[0]!.id)).toBe(asked)
  })
})

withRoot("files", () => {
  /** An OCI layout of what the registry of the test has, in a directory. */
  function layout(directory: string, images: Readonly<Record<string, string>>): void {
    mkdirSync(`${directory}/blobs/sha256`, { recursive: true })
    const put = (bytes: string | Uint8Array): string => {
      const digest = sha256(bytes)
      writeFileSync(`${directory}/blobs/sha256/${digest.slice(7)}`, bytes)
      return digest
    }
    const manifests = Object.entries(images).map(([name, content]) => {
      const tar = buildTar([{ path: "file", content }])
      const config = JSON.stringify({
        architecture,
        os: "linux",
        config: {},
        rootfs: { diff_ids: [sha256(tar)] },
      })
      const manifest = JSON.stringify({
        schemaVersion: 2,
        config: {
          mediaType: "application/vnd.oci.image.config.v1+json",
          digest: put(config),
          size: config.length,
        },
        layers: [
          {
            mediaType: "application/vnd.oci.image.layer.v1.tar",
            digest: put(tar),
            size: tar.length,
          },
        ],
      })
      return {
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest: put(manifest),
        size: manifest.length,
        annotations: { "org.opencontainers.image.ref.name": name },
      }
    })
    writeFileSync(`${directory}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}')
    writeFileSync(`${directory}/index.json`, JSON.stringify({ schemaVersion: 2, manifests }))
  }

  test("an OCI layout is a source of images, by their tags", async () => {
    layout(`${place}/layout`, { one: "1", two: "2" })
    const name = `file://${place}/layout`
    expect(read(await pulled(open(), { name: `${name}#two` }), 0, "file")).toBe("2")
    expect(await failure(open(), { name })).toContain(
      "holds several images: name one of them behind '#', of one, two",
    )
    expect(await failure(open(), { name: `${name}#three` })).toContain(
      "there is no 'three' in it, but one, two",
    )
    expect(await failure(open(), { name: `${place}/nothing` })).toContain("there is no file")
  })

  test("a layout that was changed is read again", async () => {
    layout(`${place}/layout`, { one: "1" })
    const store = open()
    expect(read(await pulled(store, { name: `${place}/layout` }), 0, "file")).toBe("1")
    rmSync(`${place}/layout`, { recursive: true })
    layout(`${place}/layout`, { one: "changed" })
    utimesSync(`${place}/layout/index.json`, 1, 1)
    expect(read(await pulled(store, { name: `${place}/layout` }), 0, "file")).toBe("changed")
  })

  test("an archive of docker save is one too, also as the registry of names without a host", async () => {
    const tar = buildTar([{ path: "file", content: "saved" }])
    const config = JSON.stringify({
      architecture,
      os: "linux",
      config: { Cmd: ["x"] },
      rootfs: { diff_ids: [sha256(tar)] },
    })
    const manifest = JSON.stringify([
      { Config: "c.json", RepoTags: ["team/web:2"], Layers: ["1/layer.tar"] },
    ])
    const archive = buildTar([
      { path: "1/", type: "5" },
      { path: "1/layer.tar", content: tar },
      { path: "c.json", content: config },
      { path: "manifest.json", content: manifest },
    ])
    mkdirSync(`${place}/images/team`, { recursive: true })
    writeFileSync(`${place}/images/team/web:2.tar`, archive)
    const registryDirectory = { kind: "directory", path: `${place}/images` } as const
    const root = await pulled(open({ registry: registryDirectory }), { name: "team/web:2" })
    expect([read(root, 0, "file"), root.config.command]).toEqual(["saved", ["x"]])
    expect(staged()).toEqual([])
    expect(
      await failure(open({ registry: registryDirectory }), { name: "team/web:3" }),
    ).toStartWith("notFound: ")
  })

  test("an archive whose layers are links to the agent's own files is refused", async () => {
    const config = JSON.stringify({
      architecture,
      os: "linux",
      rootfs: { diff_ids: [sha256("x")] },
    })
    const archive = buildTar([
      { path: "layer.tar", type: "2", link: "/etc/passwd" },
      { path: "c.json", content: config },
      {
        path: "manifest.json",
        content: JSON.stringify([{ Config: "c.json", Layers: ["layer.tar"] }]),
      },
    ])
    writeFileSync(`${place}/evil.tar`, archive)
    expect(await failure(open(), { name: `${place}/evil.tar` })).toContain(
      "'layer.tar' leads out of it",
    )
    expect(staged()).toEqual([])
  })
})
