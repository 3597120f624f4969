import { expect, test } from "bun:test"
import { TestWorld, testOptions, testTask } from "./test-world.ts"

const WEEK_MS = 7 * 24 * 3_600_000

/** An agent on which that many executors have ended, one second apart. */
const ended = (count: number, limits = {}) => {
  const w = new TestWorld(testOptions({ limits })).register()
  for (let i = 0; i < count; i++) {
    const spec = w.runToRunning(testTask(`t.${i}`))
    w.exited(spec, 0)
    w.acknowledgeAll()
    w.advance(1_000)
  }
  w.effects = []
  return w
}

const measure = (w: TestWorld, used: number): void => w.give({ kind: "diskUsage", used })
const removed = (w: TestWorld): string[] => w.all("removeSandbox").map(({ path }) => path)

test("measures the disk every minute", () => {
  const w = ended(0)
  w.advance(59_999)
  expect(w.all("measureDisk")).toHaveLength(0)
  w.advance(1)
  expect(w.all("measureDisk")).toHaveLength(1)
  w.advance(120_000)
  expect(w.all("measureDisk")).toHaveLength(3)
})

test.each([
  [0, 0.9 * WEEK_MS],
  [0.4, 0.5 * WEEK_MS],
  [0.65, 0.25 * WEEK_MS],
  [0.9, 0],
  [1, 0],
])("at %d of the disk used, sandboxes may be that old", (used, ageMs) => {
  const w = ended(1)
  measure(w, used)
  expect(w.agent.gc.allowedAgeMs).toBeCloseTo(ageMs, 0)
  if (ageMs === 0) return expect(removed(w)).toHaveLength(1)
  expect(removed(w)).toHaveLength(0)
  w.advance(ageMs)
  measure(w, used)
  expect(removed(w)).toHaveLength(1)
})

test("removes the oldest first, a few at a time, until none is too old", () => {
  const w = ended(20)
  const paths = w.agent.gc.paths
  measure(w, 0.95)
  expect(removed(w)).toEqual(paths.slice(0, 8))
  for (let i = 0; i < 20; i++) w.give({ kind: "sandboxRemoved", path: paths[i]! })
  expect(removed(w)).toEqual([...paths])
  expect(w.agent.gc.counts).toEqual({ pending: 0, succeeded: 20, failed: 0 })
  expect([...w.store.keys()].filter((key) => key.startsWith("/agent/garbage"))).toEqual([])
})

test("one that cannot be removed is tried again at the next measurement and stops no other", () => {
  const w = ended(9)
  const [stuck = "", ...others] = w.agent.gc.paths
  measure(w, 1)
  w.give({ kind: "sandboxRemoved", path: stuck, error: "EBUSY" })
  for (const path of others) w.give({ kind: "sandboxRemoved", path })
  expect(removed(w).filter((path) => path === stuck)).toHaveLength(1)
  expect(w.agent.gc.counts).toEqual({ pending: 1, succeeded: 8, failed: 1 })
  measure(w, 1)
  expect(removed(w).filter((path) => path === stuck)).toHaveLength(2)
})

test("keeps so many tasks, executors and frameworks in its history, and no more", () => {
  const w = ended(30, { completedExecutorsPerFramework: 10 })
  const [framework] = [...w.agent.workload.frameworks]
  expect(framework?.completedExecutors).toHaveLength(10)
  expect([...w.store.keys()].filter((key) => key.startsWith("/agent/task/"))).toHaveLength(10)
  expect(w.agent.gc.paths).toHaveLength(30)
})

test("forgets the framework that has been idle longest", () => {
  const w = new TestWorld(testOptions({ limits: { completedFrameworks: 2 } })).register()
  for (const name of ["f1", "f2", "f3"]) {
    const info = { id: name as never, user: "u", name }
    const spec = w.runToRunning(testTask(`${name}.t`), info)
    w.exited(spec, 0)
    w.acknowledgeAll()
    w.advance(1)
  }
  expect([...w.agent.workload.frameworks].map(({ id }) => id as string)).toEqual(["f2", "f3"])
  expect([...w.store.keys()].some((key) => key.includes("f1") && !key.includes("garbage"))).toBe(
    false,
  )
})

test("takes over sandboxes that no executor owns, once, and leaves the others alone", () => {
  const w = ended(1)
  const alive = w.runToRunning(testTask("alive"))
  const [done = ""] = w.agent.gc.paths
  const stray = "/work/slaves/old/frameworks/f/executors/e/runs/c"
  for (let i = 0; i < 2; i++)
    w.give({ kind: "sandboxesFound", paths: [alive.sandbox, done, stray] })
  expect(w.agent.gc.paths).toEqual([done, stray])
  measure(w, 1)
  expect(removed(w)).toEqual([done, stray])
})

test("does not measure twice what it is already removing", () => {
  const w = ended(3)
  measure(w, 1)
  measure(w, 1)
  expect(removed(w)).toHaveLength(3)
})
