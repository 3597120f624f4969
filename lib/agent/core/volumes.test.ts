import { describe, expect, test } from "bun:test"
import type { Resource, TaskInfo, Volume, VolumeSource } from "#lib/mesos/index.ts"
import { testTask } from "./test-world.ts"
import { executorLinks, volumeNeeds, volumeRefusal, type VolumeSetting } from "./volumes.ts"

const SETTING: VolumeSetting = { workDir: "/work", runtime: "runc", sandbox: "/work/sandbox" }

const persistent = (over: Partial<NonNullable<Resource["disk"]>> = {}): Resource => ({
  name: "disk",
  value: { kind: "scalar", milli: 1000 },
  reservations: [{ type: "DYNAMIC", role: "eng/db" }],
  disk: {
    persistence: { id: "v1" },
    volume: { mode: "RW", containerPath: "data" },
    ...over,
  },
})

const withVolume = (volume: Volume): TaskInfo =>
  testTask("t", { container: { type: "MESOS", volumes: [volume] } })

const from = (source: VolumeSource, containerPath = "/in"): Volume => ({
  mode: "RW",
  containerPath,
  source,
})

const sourceOf = (volume: Volume, setting: VolumeSetting = SETTING) =>
  volumeNeeds(withVolume(volume), setting).volumes.at(-1)?.source

describe("what a container needs", () => {
  test("of its resources comes first: root, path and mount disks, shared and read-only ones", () => {
    const disks = [
      persistent(),
      persistent({ source: { type: "PATH", path: { root: "/ssd" } } }),
      persistent({ source: { type: "MOUNT", mount: { root: "/mnt/a" } } }),
      { ...persistent({ volume: { mode: "RO", containerPath: "ro" } }), shared: true as const },
    ]
    const host: Volume = { mode: "RO", containerPath: "etc", hostPath: "/etc" }
    const task = { ...withVolume(host), resources: disks }
    const needs = volumeNeeds(task, SETTING).volumes
    expect(needs.map(({ source }) => ("path" in source ? source.path : ""))).toEqual([
      "/work/volumes/roles/eng db/v1",
      "/ssd/volumes/roles/eng db/v1",
      "/mnt/a",
      "/work/volumes/roles/eng db/v1",
      "/etc",
    ])
    expect(needs.map(({ source }) => source.kind === "persistent" && source.isMount)).toEqual([
      false,
      false,
      true,
      false,
      false,
    ])
    expect(needs.slice(3)).toMatchObject([
      { readOnly: true, source: { shared: true } },
      { readOnly: true, containerPath: "etc" },
    ])
  })

  test("of each kind of volume is resolved to this machine", () => {
    expect(sourceOf(from({ hostPath: { path: "/a" } }))).toEqual({ kind: "hostPath", path: "/a" })
    const mountPropagation = { mode: "BIDIRECTIONAL" } as const
    expect(sourceOf(from({ hostPath: { path: "/a", mountPropagation } }))).toEqual({
      kind: "hostPath",
      path: "/a",
      propagation: "bidirectional",
    })
    const relative = { kind: "sandboxPath", base: "/work/sandbox", path: "a" } as const
    expect(sourceOf({ mode: "RW", containerPath: "/in", hostPath: "a" })).toEqual(relative)
    expect(sourceOf(from({ sandboxPath: { type: "SELF", path: "a" } }))).toEqual(relative)
    const parameter = [{ key: "size", value: "9" }]
    const dockerVolume = { name: "v", driverOptions: { parameter } }
    expect(sourceOf(from({ dockerVolume }))).toMatchObject({ name: "v", options: { size: "9" } })
  })

  test("of its parent may lie in a volume of the parent", () => {
    const parent = { directory: "/work/parent", resources: [persistent()] }
    const inParent = (path: string) =>
      sourceOf(from({ sandboxPath: { type: "PARENT", path } }), { ...SETTING, parent })
    expect(inParent("tmp/x")).toEqual({ kind: "sandboxPath", base: "/work/parent", path: "tmp/x" })
    const base = "/work/volumes/roles/eng db/v1"
    expect(inParent("data")).toEqual({ kind: "sandboxPath", base, path: "" })
    expect(inParent("./data/x")).toEqual({ kind: "sandboxPath", base, path: "x" })
    expect(inParent("database")).toMatchObject({ base: "/work/parent" })
  })

  test("is left to Docker where Docker makes it", () => {
    const setting = { ...SETTING, runtime: "docker" as const }
    expect(sourceOf({ mode: "RW", containerPath: "/in", hostPath: "/a" }, setting)).toBeUndefined()
    expect(sourceOf(from({ dockerVolume: { name: "v" } }), setting)).toBeUndefined()
    expect(sourceOf(from({ secret: { type: "VALUE" } }), setting)).toMatchObject({ kind: "secret" })
  })

  test("of an executor lies in the sandbox that its tasks share", () => {
    const place = "/work/volumes/roles/eng db/v1"
    expect(executorLinks([persistent()], { workDir: "/work", sandbox: "/s" })).toEqual([
      { link: "/s/data", target: place },
    ])
    const parent = { directory: "/work/parent", resources: [persistent()] }
    const common = { path: place, isMount: false, shared: true }
    const source = { kind: "persistent", ...common, ofParent: true } as const
    expect(volumeNeeds(testTask("t"), { ...SETTING, parent }).volumes).toEqual([
      { containerPath: "data", readOnly: false, source },
    ])
  })
})

describe("a task is refused", () => {
  const refusal = (task: TaskInfo, runtime: "process" | "runc" = "runc", nested = false) =>
    volumeRefusal(task, { runtime, image: false }, nested)

  test("when a path leads out of its sandbox", () => {
    const wrong: Volume[] = [
      from({ hostPath: { path: "/a" } }, "../out"),
      from({ hostPath: { path: "/a" } }, ""),
      from({ hostPath: { path: "a" } }),
      from({ sandboxPath: { type: "SELF", path: "../a" } }),
      from({ sandboxPath: { type: "SELF", path: "/a" } }),
      { mode: "RW", containerPath: "/in", hostPath: "a/../../b" },
      from({ csiVolume: { pluginName: "nfs" } }),
    ]
    for (const volume of wrong)
      expect(refusal(withVolume(volume))).toMatchObject({ reason: "REASON_TASK_INVALID" })
    const task = testTask("t", {
      resources: [persistent({ volume: { mode: "RW", containerPath: "../x" } })],
    })
    expect(refusal(task)?.state).toBe("TASK_ERROR")
  })

  test("when two of its volumes are the same of a CSI plugin", () => {
    const nfs = (containerPath: string, volumeId: string) =>
      from(
        {
          csiVolume: {
            pluginName: "nfs",
            staticProvisioning: {
              volumeId,
              volumeCapability: { accessMode: { mode: "SINGLE_NODE_WRITER" } },
            },
          },
        },
        containerPath,
      )
    const volumes = [nfs("a", "v1"), nfs("b", "v2")]
    const task = (more: readonly Volume[]) =>
      testTask("t", { container: { type: "MESOS", volumes: [...volumes, ...more] } })
    expect(refusal(task([]))).toBeUndefined()
    expect(refusal(task([nfs("c", "v1")]))?.message).toBe(
      "Found duplicate CSI volume with plugin 'nfs' and volume ID 'v1'",
    )
  })

  test("when the way it runs lacks what the volume needs", () => {
    const absolute = withVolume(from({ hostPath: { path: "/a" } }))
    expect(refusal(absolute)).toBeUndefined()
    expect(refusal(absolute, "process")?.message).toContain("needs a container image")
    const parent = withVolume(from({ sandboxPath: { type: "PARENT", path: "a" } }))
    expect(refusal(parent)?.message).toContain("use type SELF")
    expect(refusal(parent, "runc", true)).toBeUndefined()
  })

  test("when it is an image, and the task has none or is not runc's", () => {
    const volume = { mode: "RO", containerPath: "a" } as const
    const data = withVolume({ ...volume, image: { type: "DOCKER", docker: { name: "data" } } })
    expect(volumeRefusal(data, { runtime: "runc", image: true }, false)).toBeUndefined()
    const refused = { state: "TASK_FAILED", message: expect.stringContaining("'a' is an image") }
    expect(refusal(data)).toMatchObject(refused)
    expect(volumeRefusal(data, { runtime: "docker", image: true }, false)).toMatchObject(refused)
    const appc = withVolume({ ...volume, image: { type: "APPC", appc: { name: "data" } } })
    expect(volumeRefusal(appc, { runtime: "runc", image: true }, false)?.message).toContain(
      "DOCKER",
    )
  })
})
