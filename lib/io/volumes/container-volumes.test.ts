import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
  writeFileSync,
} from "node:fs"
import type { Secret } from "#lib/mesos/index.ts"
import type { ContainerSpec, VolumeOrder } from "#lib/ports/index.ts"
import { TestPlace, until } from "#lib/io/testing/containers.ts"
import { ContainerVolumes } from "./container-volumes.ts"
import type { ContainerVolumesOptions } from "./container-volumes.ts"
import { DockerVolumes } from "./docker-volumes.ts"
import { rootUser, testWith } from "../../../test/fixtures/system-parts.ts"
import { VolumePlugin } from "../../../test/fixtures/volume-plugin.ts"

let place: TestPlace
let root: string
let plugin: VolumePlugin
let volumes: ContainerVolumes
let log: string[]
beforeEach(() => {
  place = new TestPlace()
  root = realpathSync(place.root)
  mkdirSync(`${root}/plugins`)
  plugin = new VolumePlugin(`${root}/volumes`, `${root}/plugins/test.sock`).start()
  log = []
  volumes = open()
})
afterEach(async () => {
  volumes.close()
  await plugin.stop()
  place[Symbol.dispose]()
})

/** One life of an agent. */
function open(change: Partial<ContainerVolumesOptions> = {}): ContainerVolumes {
  const places = { sockets: `${root}/plugins`, descriptions: [] }
  const bootId = change.bootId ?? "boot-1"
  const mountsDir = `${root}/books/mounts`
  return new ContainerVolumes({
    stateDir: `${root}/books`,
    secretDir: `${root}/secrets`,
    bootId,
    docker: new DockerVolumes({ owner: "agent", mountsDir, bootId, places, callTimeoutMs: 200 }),
    log: { enabled: () => true, write: (_level, text) => void log.push(text) },
    retryMs: 1,
    ...change,
  })
}

const dockerVolume = (name = "data"): VolumeOrder => ({
  containerPath: "data",
  readOnly: false,
  source: { kind: "dockerVolume", driver: "test", name, options: { size: "1" } },
})

const secretVolume = (secret: Secret): VolumeOrder => ({
  containerPath: "keys/one",
  readOnly: true,
  source: { kind: "secret", secret },
})

const HUSH: Secret = { type: "VALUE", value: { data: btoa("hush") } }

async function prepare(
  spec: ContainerSpec,
  orders: readonly VolumeOrder[],
  secretEnvironment: Readonly<Record<string, Secret>> = {},
  signal = new AbortController().signal,
) {
  const result = await volumes.prepare({ spec, volumes: orders, secretEnvironment, signal })
  return {
    error: result.ok ? "" : result.error.message,
    mounts: result.ok ? result.value.mounts : [],
    environment: result.ok ? result.value.environment : {},
  }
}

/** What is written down of containers, and of what is mounted for them. */
const books = (): string[] =>
  [
    ...new Bun.Glob("**").scanSync({ cwd: existsSync(`${root}/books`) ? `${root}/books` : root }),
  ].filter((path) => path.endsWith(".json"))

describe("volumes of a plugin", () => {
  test("are made with their options, mounted once for all who use them, unmounted with the last", async () => {
    const [a, b] = [place.spec("true"), place.spec("true")]
    const { mounts } = await prepare(a, [dockerVolume()])
    expect(mounts).toEqual([
      { source: `${root}/volumes/data`, target: "data", kind: "directory", readOnly: false },
    ])
    expect(readlinkSync(`${a.sandbox}/data`)).toBe(`${root}/volumes/data`)
    expect(plugin.volumes.get("data")).toEqual({ size: "1" })
    expect((await prepare(b, [dockerVolume()])).error).toBe("")
    await volumes.release(a.containerId)
    expect(plugin.mounted).toEqual(new Set(["data"]))
    await volumes.release(b.containerId)
    await volumes.release(b.containerId)
    expect(plugin.calls).toEqual([
      "Get data",
      "Create data",
      "Mount data id",
      "Path data",
      "Unmount data id",
    ])
    expect(books()).toEqual([])
  })

  test("stay mounted over a restart of the agent for as long as a container uses them", async () => {
    const [a, b, gone] = [place.spec("true"), place.spec("true"), place.spec("true")]
    await prepare(a, [dockerVolume()])
    await prepare(b, [dockerVolume()])
    await prepare(gone, [dockerVolume("other")])
    volumes = open()
    await volumes.recover(new Set([a.containerId, b.containerId]))
    expect(plugin.mounted).toEqual(new Set(["data"]))
    await volumes.release(a.containerId)
    volumes = open()
    await volumes.recover(new Set([b.containerId]))
    expect(plugin.mounted).toEqual(new Set(["data"]))
    await volumes.release(b.containerId)
    expect(plugin.mounted).toEqual(new Set())
    expect(books()).toEqual([])
  })

  test("are mounted again where the plugin has forgotten them", async () => {
    const [a, b] = [place.spec("true"), place.spec("true")]
    await prepare(a, [dockerVolume()])
    await plugin.stop()
    plugin = new VolumePlugin(`${root}/volumes`, `${root}/plugins/test.sock`).start()
    plugin.volumes.set("data", {})
    volumes = open()
    await prepare(b, [dockerVolume()])
    expect(plugin.calls).toEqual(["Path data", "Get data", "Mount data id"])
  })

  test("are mounted for containers that start together, and twice in one", async () => {
    plugin.tellsAllPaths = true
    const [a, b] = [place.spec("true"), place.spec("true")]
    const twice = [dockerVolume(), { ...dockerVolume(), containerPath: "again" }]
    const both = await Promise.all([prepare(a, twice), prepare(b, [dockerVolume()])])
    expect(both.map(({ error }) => error)).toEqual(["", ""])
    const changes = () => plugin.calls.filter((call) => /^(Mount|Unmount) /.test(call))
    expect(changes()).toEqual(["Mount data id"])
    for (const { containerId } of [b, a]) await volumes.release(containerId)
    expect(changes()).toEqual(["Mount data id", "Unmount data id"])
    expect(books()).toEqual([])
  })

  test("that could not be mounted are nobody's, and are mounted for the next", async () => {
    plugin.tellsAllPaths = true
    const [a, b] = [place.spec("true"), place.spec("true")]
    plugin.failing.set("Mount", "the server is away")
    expect((await prepare(a, [dockerVolume()])).error).toContain("the server is away")
    plugin.failing.clear()
    const released = volumes.release(a.containerId)
    expect((await prepare(b, [dockerVolume()])).error).toBe("")
    await released
    expect(plugin.mounted).toEqual(new Set(["data"]))
    expect(plugin.calls).not.toContain("Unmount data id")
    expect(log).toEqual([])
  })

  test("of which it is not known whether they are mounted are unmounted first", async () => {
    plugin.tellsAllPaths = true
    const [a, b] = [place.spec("true"), place.spec("true")]
    plugin.hanging.add("Mount")
    expect((await prepare(a, [dockerVolume()])).error).toContain("did not answer")
    plugin.hanging.clear()
    volumes.close()
    volumes = open()
    expect((await prepare(b, [dockerVolume()])).error).toBe("")
    expect(plugin.calls.slice(-3)).toEqual(["Unmount data id", "Get data", "Mount data id"])
    await volumes.recover(new Set([b.containerId]))
    expect(plugin.mounted).toEqual(new Set(["data"]))
    await volumes.release(b.containerId)
    expect(plugin.mounted).toEqual(new Set())
    expect(books()).toEqual([])
  })

  test("are given back by the next life where the agent died while it took them", async () => {
    const spec = place.spec("true")
    plugin.hanging.add("Mount")
    const abort = new AbortController()
    const pending = prepare(spec, [dockerVolume()], {}, abort.signal)
    await until(() => plugin.calls.includes("Mount data id"))
    expect(books()).toContain(`${spec.containerId}.json`)
    plugin.mounted.add("data")
    const next = open()
    await next.recover(new Set())
    expect(plugin.mounted).toEqual(new Set())
    abort.abort()
    expect((await pending).error).toContain("the launch was given up")
  })

  test("are tried again until the plugin unmounts them, and not after a reboot", async () => {
    const spec = place.spec("true")
    await prepare(spec, [dockerVolume("one"), dockerVolume("two")])
    plugin.failing.set("Unmount", "device is busy")
    await volumes.release(spec.containerId)
    expect(log).toContain("cannot let go of a volume")
    expect(books()).toContain(`${spec.containerId}.json`)
    volumes.close()
    volumes = open()
    const recovered = volumes.recover(new Set())
    plugin.failing.clear()
    await recovered
    await until(() => books().length === 0)
    expect(plugin.mounted).toEqual(new Set())
    const other = place.spec("true")
    await prepare(other, [dockerVolume()])
    plugin.failing.set("Unmount", "what volume?")
    volumes.close()
    volumes = open({ bootId: "boot-2" })
    await volumes.recover(new Set())
    expect(books()).toEqual([])
  })

  test("fail with the plugin's name and words, or when it does not answer", async () => {
    plugin.failing.set("Mount", "no such disk")
    expect((await prepare(place.spec("true"), [dockerVolume()])).error).toBe(
      "the volume 'data' cannot be made ready: the volume plugin 'test' failed to Mount: no such disk",
    )
    plugin.failing.clear()
    plugin.hanging.add("Mount")
    expect((await prepare(place.spec("true"), [dockerVolume()])).error).toContain(
      "did not answer within 0.2 s",
    )
    const source = { kind: "dockerVolume", name: "x", options: {} } as const
    expect((await prepare(place.spec("true"), [{ ...dockerVolume(), source }])).error).toContain(
      "no volume plugin 'rexray'",
    )
  })
})

describe("secrets", () => {
  test("are files that only their user can read, gone with the container", async () => {
    const spec = place.spec("true")
    const { mounts } = await prepare(spec, [secretVolume(HUSH)])
    const source = mounts[0]?.source ?? ""
    expect(mounts).toEqual([{ source, target: "keys/one", kind: "file", readOnly: true }])
    expect(source).toStartWith(`${root}/secrets/`)
    expect(readFileSync(`${spec.sandbox}/keys/one`, "utf8")).toBe("hush")
    expect(statSync(source).mode & 0o777).toBe(0o400)
    await volumes.release(spec.containerId)
    expect(readdirSync(`${root}/secrets`)).toEqual([])
  })

  testWith(rootUser)("belong to the task's user", async () => {
    const spec = { ...place.spec("true"), user: "nobody" }
    const { mounts } = await prepare(spec, [secretVolume(HUSH)])
    expect(statSync(mounts[0]?.source ?? "").uid).toBe(65534)
  })

  test("of the environment are known to commands beside the task, in the next life too", async () => {
    const spec = place.spec("true")
    const { environment } = await prepare(spec, [], { KEY: HUSH })
    expect(environment).toEqual({ KEY: "hush" })
    volumes = open()
    await volumes.recover(new Set([spec.containerId]))
    expect(await volumes.environment(spec.containerId)).toEqual({ KEY: "hush" })
    volumes = open()
    await volumes.recover(new Set())
    expect(await volumes.environment(spec.containerId)).toEqual({})
    expect(readdirSync(`${root}/secrets`)).toEqual([])
  })

  test("that are named are asked for, and refused without a store; values may be lost", async () => {
    const named: Secret = { type: "REFERENCE", reference: { name: "db/key" } }
    expect((await prepare(place.spec("true"), [], { KEY: named })).error).toBe(
      "the environment variable 'KEY' cannot be made ready: the secret 'db/key' is named by reference, which needs the cluster's secret store, and this version has none: give its value (type VALUE)",
    )
    expect((await prepare(place.spec("true"), [secretVolume({ type: "VALUE" })])).error).toContain(
      "its value was lost when the agent was restarted: launch the task again",
    )
    const bytes = new TextEncoder().encode("found")
    const resolve = () => Promise.resolve({ ok: true, value: bytes } as const)
    volumes = open({ secrets: { resolve } })
    expect((await prepare(place.spec("true"), [], { KEY: named })).environment).toEqual({
      KEY: "found",
    })
  })
})

describe("persistent volumes", () => {
  const persistent = (shared: boolean): VolumeOrder => ({
    containerPath: "data",
    readOnly: false,
    source: { kind: "persistent", path: `${root}/v1`, isMount: false, shared },
  })

  testWith(rootUser)("that tasks share keep their owner while one of them runs", async () => {
    const [first, second, third] = [place.spec("true"), place.spec("true"), place.spec("true")]
    await prepare({ ...first, user: "nobody" }, [persistent(true)])
    await prepare({ ...second, user: "root" }, [persistent(true)])
    expect(statSync(`${root}/v1`).uid).toBe(65534)
    await volumes.release(first.containerId)
    await volumes.release(second.containerId)
    await prepare({ ...third, user: "root" }, [persistent(true)])
    expect(statSync(`${root}/v1`).uid).toBe(0)
  })

  testWith(rootUser)("belong to one of those who share them from the start", async () => {
    const two = () => [place.spec("true"), place.spec("true")].map(asNobody)
    const asNobody = (spec: ContainerSpec) => ({ ...spec, user: "nobody" })
    const start = (specs: readonly ContainerSpec[]) =>
      Promise.all(specs.map((spec) => prepare(spec, [persistent(true)])))
    const both = two()
    await start(both)
    expect(statSync(`${root}/v1`).uid).toBe(65534)
    chownSync(`${root}/v1`, 0, 0)
    // As an agent does that was killed while it launched them.
    volumes = open()
    await start(both)
    expect(statSync(`${root}/v1`).uid).toBe(65534)
    await prepare({ ...place.spec("true"), user: "root" }, [persistent(true)])
    expect(statSync(`${root}/v1`).uid).toBe(65534)
  })

  test("are seen in the sandbox, and outlive their containers", async () => {
    const spec = place.spec("true")
    await prepare(spec, [persistent(false)])
    writeFileSync(`${spec.sandbox}/data/file`, "kept")
    await volumes.release(spec.containerId)
    expect(readFileSync(`${root}/v1/file`, "utf8")).toBe("kept")
  })
})

test("a container that runs takes more volumes, and keeps what it has", async () => {
  const spec = place.spec("true")
  await prepare(spec, [dockerVolume()], { KEY: HUSH })
  const { signal } = new AbortController()
  const data = {
    kind: "persistent",
    path: `${root}/data`,
    isMount: false,
    shared: false,
  } as const
  const more = { containerPath: "more", readOnly: false, source: data }
  for (let times = 0; times < 2; times++) {
    const added = await volumes.extend({ spec, volumes: [more], signal })
    expect(added.ok ? added.value.mounts : added.error.message).toMatchObject([{ target: "more" }])
  }
  expect(readlinkSync(`${spec.sandbox}/more`)).toBe(`${root}/data`)
  expect(await volumes.environment(spec.containerId)).toEqual({ KEY: "hush" })
  expect(plugin.mounted).toEqual(new Set(["data"]))
  volumes = open()
  await volumes.recover(new Set())
  expect(plugin.mounted).toEqual(new Set())

  const missing = { ...more, source: { ...data, isMount: true, path: `${root}/none` } }
  const refused = await volumes.extend({ spec, volumes: [missing], signal })
  expect(refused.ok ? "" : refused.error.message).toStartWith("the volume 'more' cannot be made")
})

test("a runtime with mount namespaces finds mount points, not links", async () => {
  const spec = { ...place.spec("true"), runtime: "runc" as const }
  const host = { containerPath: "in/host", readOnly: true, source: { kind: "hostPath", path: "/" } }
  const outside = { ...host, containerPath: "/host" }
  await prepare(spec, [host, outside, secretVolume(HUSH)] as VolumeOrder[])
  expect(statSync(`${spec.sandbox}/in/host`).isDirectory()).toBe(true)
  expect(readdirSync(`${spec.sandbox}/in/host`)).toEqual([])
  expect(statSync(`${spec.sandbox}/keys/one`).size).toBe(0)
})

test("books that cannot be read stop launches with volumes rather than be overwritten", async () => {
  mkdirSync(`${root}/books`)
  writeFileSync(`${root}/books/x.json`, '{"schema":99}')
  expect((await prepare(place.spec("true"), [dockerVolume()])).error).toContain("version 99")
  expect(readFileSync(`${root}/books/x.json`, "utf8")).toBe('{"schema":99}')
})

test("the driver of GPUs is seen by containers that have GPUs and an image", async () => {
  volumes = open({ gpuDriver: `${root}/driver` })
  const gpus = [{ index: 0, minor: 0, uuid: "GPU-a" }]
  const image = { type: "DOCKER", docker: { image: "image" } } as const
  const seen = async (spec: ContainerSpec) => (await prepare(spec, [])).mounts
  const boxed = place.spec("true", { task: { container: image }, runtime: "docker" })
  expect(await seen({ ...boxed, gpus })).toEqual([
    { source: `${root}/driver`, target: "/usr/local/nvidia", kind: "directory", readOnly: true },
  ])
  expect(await seen(boxed)).toEqual([])
  expect(await seen({ ...place.spec("true"), gpus })).toEqual([])
})
