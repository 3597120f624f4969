/** What registries answer, good and bad, to pulls into a store on the real disk. */
import { beforeEach, expect, test } from "bun:test"
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs"
import { FakeRegistry, sha256 } from "#lib/io/images/testing/fake-registry.ts"
import {
  failure,
  layer,
  open,
  place,
  pull,
  pulled,
  registry,
  staged,
  withRoot,
  useWorld,
} from "#lib/io/images/testing/image-world.ts"

useWorld()

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
    registry.offer("app:1", { layers: [] })
    expect(await failure(open())).toContain("it has no layers, and so nothing that could run")
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

  test("says that credentials cannot be read, instead of going without", async () => {
    wantBasic()
    const path = `${place}/none.json`
    expect(await failure(open({ dockerConfig: path }))).toContain(
      `unable: the image '${registry.host}/app:1' cannot be had: there is no file ${path}, which`,
    )
    expect(await failure(open({ dockerConfig: "config.json" }))).toContain("nor the absolute path")
    const own = await failure(open(), { credentials: "me:secret" })
    expect(own).toMatch(/^unauthorized: .* that came with the task are no JSON object/)
    const both = open({ dockerConfig: path })
    await pulled(both, { credentials: config(registry.host, "me:secret") })
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
