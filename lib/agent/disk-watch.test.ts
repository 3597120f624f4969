import { expect, test } from "bun:test"
import type { Resource } from "#lib/mesos/index.ts"
import type { Clock, ContainerId } from "#lib/ports/index.ts"
import { DiskWatch, type DiskWatchParts } from "./disk-watch.ts"
import type { AgentInput } from "./core/types.ts"

const MIB = 1024 * 1024

const disk = (mib: number, over: Partial<Resource> = {}): Resource => ({
  name: "disk",
  value: { kind: "scalar", milli: mib * 1000 },
  reservations: [],
  ...over,
})

const volume = disk(5, {
  disk: {
    persistence: { id: "v1" },
    volume: { mode: "RW", containerPath: "data" },
    source: { type: "PATH", path: { root: "/ssd" } },
  },
  reservations: [{ type: "DYNAMIC", role: "db" }],
})
const VOLUME_PATH = "/ssd/volumes/roles/db/v1"

const container = (id: string, resources: readonly Resource[]) => ({
  containerId: id as ContainerId,
  sandbox: `/work/${id}`,
  workDir: "/work",
  resources,
})

/** A watch whose rounds begin when the test says so. */
function scene(used: Record<string, number>, options: Partial<DiskWatchParts> = {}) {
  const posted: AgentInput[] = []
  const asked: string[] = []
  const warned: string[] = []
  const wakes: (() => void)[] = []
  const clock: Clock = {
    now: () => 0,
    wakeAt: (_at, run) => {
      wakes.push(run)
      return () => {}
    },
    soon: () => {},
  }
  const watch = new DiskWatch({
    clock,
    log: { enabled: () => true, write: (_level, text) => void warned.push(text) },
    diskMeter: {
      usedBytes: (path) => {
        asked.push(path)
        const bytes = used[path]
        return bytes === undefined ? Promise.reject(new Error("gone")) : Promise.resolve(bytes)
      },
    },
    diskWatch: { intervalMs: 1, enforce: true },
    containers: () => [container("a", [disk(4), disk(6), volume]), container("b", [])],
    post: (input) => posted.push(input),
    ...options,
  })
  watch.start()
  const round = async (): Promise<void> => {
    wakes.shift()?.()
    for (let turn = 0; turn < 100 && wakes.length === 0; turn++) await Promise.resolve()
  }
  return { watch, round, posted, asked, warned }
}

test("adds up what a sandbox may take, and measures volumes by themselves", async () => {
  const { watch, round, posted, asked } = scene({ "/work/a": 7 * MIB, [VOLUME_PATH]: MIB })
  await round()
  expect(asked).toEqual(["/work/a", VOLUME_PATH])
  expect(posted).toEqual([])
  expect(watch.statistics("a" as ContainerId)).toEqual({
    diskLimitBytes: 10 * MIB,
    diskUsedBytes: 7 * MIB,
    diskStatistics: [
      { limitBytes: 10 * MIB, usedBytes: 7 * MIB },
      {
        source: volume.disk?.source,
        persistence: volume.disk?.persistence,
        limitBytes: 5 * MIB,
        usedBytes: MIB,
      },
    ],
  })
  expect(watch.statistics("b" as ContainerId)).toBeUndefined()
})

test("tells which of its disks a container has filled, unless nobody wants to know", async () => {
  const used = { "/work/a": MIB, [VOLUME_PATH]: 6 * MIB }
  const strict = scene(used)
  await strict.round()
  expect(strict.posted).toEqual([
    {
      kind: "limitReached",
      containerId: "a" as ContainerId,
      limitation: {
        reason: "REASON_CONTAINER_LIMITATION_DISK",
        message: "Disk usage (6MB) exceeds quota (5MB)",
        resources: [volume],
      },
    },
  ])
  const lax = scene(used, { diskWatch: { intervalMs: 1, enforce: false } })
  await lax.round()
  expect(lax.posted).toEqual([])
})

test("what a container writes into its image counts as its sandbox does", async () => {
  const one = { ...container("a", [disk(10)]), layer: "/work/roots/a" }
  const used = { "/work/a": 4 * MIB, "/work/roots/a": 7 * MIB }
  const { watch, round, posted } = scene(used, { containers: () => [one] })
  await round()
  expect(posted).toMatchObject([
    { limitation: { message: "Disk usage (11MB) exceeds quota (10MB)" } },
  ])
  expect(watch.statistics(one.containerId)?.diskUsedBytes).toBe(11 * MIB)
})

test("containers of Docker, and volumes that are whole disks, are measured only", async () => {
  const { disk: info } = volume
  const whole: Resource = {
    ...volume,
    disk: { ...info, source: { type: "MOUNT", mount: { root: "/ssd" } } },
  }
  const docker = { ...container("a", [disk(1)]), isFree: true as const }
  const used = { "/work/a": 2 * MIB, "/ssd": 6 * MIB }
  const containers = () => [docker, container("b", [whole])]
  const { watch, round, posted } = scene(used, { containers })
  await round()
  expect(posted).toEqual([])
  expect(watch.statistics(docker.containerId)?.diskUsedBytes).toBe(2 * MIB)
  expect(watch.statistics("b" as ContainerId)?.diskStatistics?.[0]?.usedBytes).toBe(6 * MIB)
})

test("ends all of a group that keeps too much together, and none for its own share", async () => {
  const [a, b] = [container("a", [disk(1)]), container("b", [disk(9)])]
  const ends = [a.containerId, b.containerId]
  const group = { ...container("group", [disk(1), disk(9), disk(2)]), ends }
  const members = [a, b].map((member) => ({ ...member, isMember: true as const }))
  const used: Record<string, number> = {
    "/work/a": 5 * MIB,
    "/work/b": MIB,
    "/work/group": 7 * MIB,
  }
  const { watch, round, posted } = scene(used, { containers: () => [group, ...members] })
  await round()
  expect(posted).toEqual([])
  expect(watch.statistics(a.containerId)?.diskUsedBytes).toBe(5 * MIB)
  used["/work/group"] = 13 * MIB
  await round()
  expect(posted).toMatchObject(
    ends.map((containerId) => ({
      containerId,
      limitation: { message: "Disk usage (13MB) exceeds quota (12MB)" },
    })),
  )
})

test("a disk that cannot be measured hides no other, and is tried again", async () => {
  const used: Record<string, number> = { "/work/b": 2 * MIB }
  const containers = () => [container("a", [disk(1)]), container("b", [disk(1)])]
  const { round, posted, warned } = scene(used, { containers })
  await round()
  expect(warned).toEqual(["cannot measure the disk of a container"])
  expect(posted).toHaveLength(1)
  used["/work/a"] = 2 * MIB
  await round()
  expect(posted).toHaveLength(3)
})
