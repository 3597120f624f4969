import { expect, test } from "bun:test"
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { TestPlace } from "#lib/io/testing/containers.ts"
import { TreeMeter } from "./tree-meter.ts"

const { signal } = new AbortController()

/** What du(1) says, in bytes. */
function du(path: string): number {
  const { stdout } = Bun.spawnSync(["du", "-k", "-s", "-x", path])
  return Number.parseInt(stdout.toString(), 10) * 1024
}

test("counts what du counts, by itself or by asking it", async () => {
  using place = new TestPlace()
  mkdirSync(`${place.root}/a/b`, { recursive: true })
  writeFileSync(`${place.root}/a/large`, "x".repeat(300_000))
  linkSync(`${place.root}/a/large`, `${place.root}/a/b/twin`)
  symlinkSync("/usr", `${place.root}/a/usr`)
  for (let i = 0; i < 20; i++) writeFileSync(`${place.root}/a/b/${i}`, "x")
  const expected = du(place.root)
  expect(await new TreeMeter().usedBytes(place.root, signal)).toBe(expected)
  expect(await new TreeMeter(5).usedBytes(place.root, signal)).toBe(expected)
  expect(expected).toBeGreaterThan(300_000)
  expect(expected).toBeLessThan(600_000)
})

test("what is not there takes nothing, and a measurement can be given up", async () => {
  using place = new TestPlace()
  expect(await new TreeMeter().usedBytes(`${place.root}/gone`, signal)).toBe(0)
  writeFileSync(`${place.root}/a`, "")
  const measured = new TreeMeter().usedBytes(place.root, AbortSignal.abort(new Error("stop")))
  expect(await measured.catch(String)).toContain("stop")
})
