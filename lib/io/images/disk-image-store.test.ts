/** Images are pulled from a registry of the test's own into a store on the real disk, as root. */
import { beforeEach, expect, test } from "bun:test"
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { zstdCompressSync } from "node:zlib"
import { architecture, sha256 } from "#lib/io/images/testing/fake-registry.ts"
import {
  failure,
  layer,
  open,
  place,
  pulled,
  read,
  registry,
  staged,
  withRoot,
  useWorld,
} from "#lib/io/images/testing/image-world.ts"

useWorld()

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
    expect(a.layers[0]).toEqual(c.layers[0])
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

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("what was waited for did not happen")
    await Bun.sleep(5)
  }
}

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

  test("an image that is asked for while unused ones are removed is there, or brought anew", async () => {
    const many = Array.from({ length: 40 }, (_, index) => layer(`file${index}`))
    registry.offer("many:1", { layers: many })
    const store = open()
    for (let turn = 0; turn < 2; turn++) {
      await pulled(store, { name: "many:1", holder: "before" })
      store.release("before")
      const asked = pulled(store, { name: "many:1", holder: "after" })
      await store.prune([])
      expect((await asked).layers).toHaveLength(many.length)
      for (const { path } of (await asked).layers) expect(existsSync(path)).toBe(true)
      store.release("after")
    }
  }, 60_000)

  test("an image may go as soon as everybody who asked for it has let go", async () => {
    const store = open()
    const holders = ["one", "two", "three"]
    await Promise.all(holders.map((holder) => pulled(store, { holder })))
    for (const holder of holders) {
      expect((await store.prune([])).images).toEqual([])
      store.release(holder)
    }
    expect((await store.prune([])).images).toEqual([`${registry.host}/app:1`])
    expect(layersLeft()).toBe(0)
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
      // The first life's own note that the disk has all.
      await until(() => existsSync(`${path}/../durable`))
      const file = `${path}/../layer.json`
      const record = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>
      writeFileSync(file, JSON.stringify({ ...record, boot: "earlier" }))
      rmSync(`${path}/../durable`, { force: true })
    }
    writeFileSync(`${layers[0]!.path}/../durable`, "")
    const asked = registry.count(layers[0]!.id)
    const again = await pulled(open())
    expect(again.layers[0]).toEqual(layers[0])
    expect(again.layers[1]!.path).not.toBe(layers[1]!.path)
    expect(registry.count(layers[0]!.id)).toBe(asked)
  })
})
