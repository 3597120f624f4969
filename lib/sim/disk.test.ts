import { drainMicrotasks } from "bun:jsc"
import { expect, test } from "bun:test"
import type { Mark } from "./marks.ts"
import { Disk, DiskStore } from "./disk.ts"
import { Life } from "./life.ts"
import { testWorld } from "./test-world.ts"

const put = (key: string, value: unknown) => ({ kind: "put", key, value }) as const

function bench(swarm = {}, crashAt?: Mark) {
  const world = testWorld(swarm)
  const disk = new Disk()
  const life = new Life("node", world.schedule, { offsetMs: 0, rate: 1 })
  const crashes = (mark: Mark): boolean => {
    if (mark === crashAt) life.end()
    return mark === crashAt
  }
  return { world, disk, life, store: new DiskStore(world, { disk, life, crashes }) }
}

test("a commit is durable at once, and read back as JSON carries it", async () => {
  const { disk, store } = bench()
  expect(store.commit([put("/b", { x: undefined, y: 1 }), put("/a", 2)])).toBeUndefined()
  expect(store.commit([{ kind: "delete", key: "/a" }])).toBeUndefined()
  expect(await store.scan("/")).toEqual([["/b", { y: 1 }]])
  expect(disk.text("/a")).toBeUndefined()
})

test("a crash before a commit loses it, one after it does not", () => {
  const before = bench({}, "crash.beforeCommit")
  void before.store.commit([put("/a", 1)])
  expect(before.disk.text("/a")).toBeUndefined()
  const after = bench({}, "crash.afterCommit")
  void after.store.commit([put("/a", 1)])
  expect(after.disk.text("/a")).toBe("1")
})

test("a slow commit tells when it is durable", () => {
  const { world, disk, store } = bench({ commitMaxMs: 100 })
  let told = false
  void store.commit([put("/a", 1)])?.then(() => (told = true))
  drainMicrotasks()
  expect([told, disk.text("/a")]).toEqual([false, undefined])
  while (world.schedule.step(1000));
  drainMicrotasks()
  expect([told, disk.text("/a")]).toEqual([true, "1"])
})

test("a crash during a slow commit leaves all of it or nothing, and tells nobody", () => {
  const outcomes = new Set<string>()
  const world = testWorld({ commitMaxMs: 100 })
  for (let i = 0; i < 20; i++) {
    const disk = new Disk()
    const life = new Life("node", world.schedule, { offsetMs: 0, rate: 1 })
    const store = new DiskStore(world, { disk, life, crashes: () => false })
    let told = false
    void store.commit([put("/a", 1), put("/b", 1)])?.then(() => (told = true))
    life.end()
    while (world.schedule.step(1e6 * (i + 1)));
    drainMicrotasks()
    expect(told).toBe(false)
    outcomes.add(`${disk.text("/a")} ${disk.text("/b")}`)
  }
  expect([...outcomes].sort()).toEqual(["1 1", "undefined undefined"])
})

test("a failing commit rejects, whether it happened or not", async () => {
  const { store } = bench({ commitFailure: 1 })
  await expect(store.commit([put("/a", 1)])).rejects.toThrow("the disk failed")
})
