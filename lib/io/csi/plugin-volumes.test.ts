import { afterEach, beforeEach, expect, test } from "bun:test"
import { status } from "@grpc/grpc-js"
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import type { VolumeSourceCsiVolumeStaticProvisioning } from "#lib/mesos/index.ts"
import { CsiPlugin } from "../../../test/fixtures/csi-plugin.ts"
import { PluginVolumes } from "./plugin-volumes.ts"
import type { CsiPlugin as Described } from "./plugins.ts"

const TYPE = "org.example.test"

let root: string
let plugin: CsiPlugin
beforeEach(async () => {
  root = realpathSync(mkdtempSync(`${tmpdir()}/dcos-csi-`))
  plugin = await new CsiPlugin(`${root}/plugin`).start()
  plugin.add("v1")
})
afterEach(() => {
  plugin.stop()
  rmSync(root, { recursive: true, force: true })
})

/** One life of an agent. */
const open = (described: Partial<Described> = {}) =>
  new PluginVolumes({
    plugins: new Map([
      [
        TYPE,
        { type: TYPE, name: "one", address: plugin.address, targetPathExists: false, ...described },
      ],
    ]),
    rootDir: `${root}/csi`,
    callTimeoutMs: 3_000,
    retryMs: 1,
  })

const volume = (change: Partial<VolumeSourceCsiVolumeStaticProvisioning> = {}) => ({
  pluginName: TYPE,
  staticProvisioning: {
    volumeId: "v1",
    volumeCapability: {
      mount: { fsType: "ext4", mountFlags: ["noatime"] },
      accessMode: { mode: "SINGLE_NODE_WRITER" as const },
    },
    volumeContext: { pool: "ssd" },
    ...change,
  },
})

const take = (
  what = volume(),
  use: { readOnly?: boolean; signal?: AbortSignal; volumes?: PluginVolumes } = {},
) =>
  (use.volumes ?? open()).take(what, {
    readOnly: use.readOnly ?? false,
    stageSecrets: { user: "a" },
    publishSecrets: { token: "b" },
    signal: use.signal ?? new AbortController().signal,
  })

const giveBack = (volumes = open(), volumeId = "v1") =>
  volumes.giveBack({ plugin: TYPE, volumeId }, new AbortController().signal)

const failure = (promise: Promise<unknown>) => promise.then(() => "none", String)

test("stages and publishes a volume with all that is said of it, and takes both back", async () => {
  const place = await take()
  expect(place).toEqual({ path: plugin.place("v1"), kind: "directory" })
  expect(plugin.calls).toEqual(["NodeStageVolume v1", "NodePublishVolume v1"])
  const mounts = `${root}/csi/${TYPE}/one/mounts/v1`
  const capability = {
    mount: { fs_type: "ext4", mount_flags: ["noatime"] },
    access_type: "mount",
    access_mode: { mode: "SINGLE_NODE_WRITER" },
  }
  expect(plugin.requests.get("NodeStageVolume")).toMatchObject({
    staging_target_path: `${mounts}/staging`,
    volume_capability: capability,
    secrets: { user: "a" },
    volume_context: { pool: "ssd" },
  })
  expect(plugin.requests.get("NodePublishVolume")).toMatchObject({
    staging_target_path: `${mounts}/staging`,
    target_path: `${mounts}/target`,
    volume_capability: capability,
    readonly: false,
    secrets: { token: "b" },
    volume_context: { pool: "ssd" },
  })
  await giveBack()
  expect(plugin.calls.slice(2)).toEqual(["NodeUnpublishVolume v1", "NodeUnstageVolume v1"])
  expect(plugin.used).toEqual([])
  expect(existsSync(mounts)).toBe(false)
})

test("a plugin that stages nothing is only asked to publish", async () => {
  plugin.stop()
  plugin = await new CsiPlugin(`${root}/simple`, { stages: false }).start()
  plugin.add("v1")
  await take()
  await giveBack()
  expect(plugin.calls).toEqual(["NodePublishVolume v1", "NodeUnpublishVolume v1"])
  expect(plugin.requests.get("NodePublishVolume")?.staging_target_path).toBe("")
})

test("taking and giving back may be repeated, by a later life too", async () => {
  const { path } = await take()
  writeFileSync(`${path}/file`, "kept")
  expect((await take()).path).toBe(path)
  await giveBack()
  await giveBack()
  expect(readdirSync(plugin.place("v1"))).toEqual(["file"])
})

test("ids of volumes are names of one directory, whatever is in them", async () => {
  for (const volumeId of ["..", "a/../../b", "x".repeat(128), "é".repeat(64)]) {
    plugin.add(volumeId)
    await take(volume({ volumeId }))
    const { target_path: target = "" } = plugin.requests.get("NodePublishVolume") ?? {}
    expect(target.slice(`${root}/csi/${TYPE}/one/mounts/`.length).split("/")).toHaveLength(2)
    expect(target).not.toContain("/../")
    await giveBack(open(), volumeId)
  }
  expect(plugin.used).toEqual([])
})

test("what only readers may use is published so, and to no writer", async () => {
  const mode = "MULTI_NODE_READER_ONLY"
  const readers = volume({ volumeCapability: { mount: {}, accessMode: { mode } } })
  expect(await failure(take(readers))).toContain(
    "Cannot use the read-only volume 'v1' in read-write mode",
  )
  await take(readers, { readOnly: true })
  expect(plugin.requests.get("NodePublishVolume")?.readonly).toBe(true)
  const block = volume({
    volumeCapability: { block: {}, accessMode: { mode: "SINGLE_NODE_WRITER" } },
  })
  expect(await failure(take(block))).toContain("use mount")
})

test("says what the plugin says, by the name of the call", async () => {
  expect(await failure(take(volume({ volumeId: "v2" })))).toBe(
    `Error: the CSI plugin '${TYPE}' failed to NodeStageVolume: NOT_FOUND: there is no volume v2`,
  )
  const other = { ...volume(), pluginName: "org.example.other" }
  expect(await failure(take(other))).toContain("Invalid CSI plugin 'org.example.other'")
  plugin.ready = false
  expect(await failure(take())).toContain("is not ready")
})

test("tries again where the plugin is busy with the volume, or is just being started", async () => {
  plugin.failing.set("NodeStageVolume", { code: status.ABORTED, message: "operation pending" })
  await take()
  expect(plugin.calls[1]).toBe("NodeStageVolume v1")
  plugin.stop()
  const taken = take()
  await plugin.start()
  expect((await taken).path).toBe(plugin.place("v1"))
  plugin.stop()
  expect(await failure(take())).toContain("failed to Probe: UNAVAILABLE: ")
})

test("a plugin that never answers is given up, in its time or at once", async () => {
  plugin.hanging.add("NodePublishVolume")
  expect(await failure(take())).toContain("failed to NodePublishVolume: DEADLINE_EXCEEDED")
  const stop = new AbortController()
  const taken = failure(take(volume(), { signal: stop.signal }))
  stop.abort(new Error("the launch was given up"))
  expect(await taken).toBe("Error: the launch was given up")
})

test("publishes where the plugin wants it, at a directory if it wants one", async () => {
  plugin.stop()
  const mounts = { targetPathRoot: `${root}/shared`, targetPathExists: true }
  plugin = await new CsiPlugin(`${root}/other`).start()
  plugin.add("v1")
  // The plugin of this test makes a link, which cannot be made where a directory is.
  expect(await failure(take(volume(), { volumes: open(mounts) }))).toContain("EEXIST")
  expect(readdirSync(`${root}/shared/v1`).toSorted()).toEqual(["staging", "target"])
  await giveBack(open(mounts))
  expect(readdirSync(`${root}/shared`)).toEqual([])
})
