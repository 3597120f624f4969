import { describe, expect, test } from "bun:test"
import { Random } from "#lib/std/random.ts"
import {
  appIdOfTask,
  instanceIdOf,
  instanceIdOfTask,
  isTaskId,
  taskIdOf,
  TimeUuids,
} from "./instance-id.ts"
import { pathId } from "./test-app.ts"

const UUID = "0e0d3b6e-1111-4222-8333-444455556666"

describe("ids of instances and tasks", () => {
  test("carry the app's path, a uuid and the incarnation", () => {
    const instance = instanceIdOf(pathId("/prod/web"), UUID)
    expect(instance).toBe(`prod_web.instance-${UUID}`)
    const task: string = taskIdOf(instance, 2)
    expect(task).toBe(`prod_web.instance-${UUID}._app.2`)
    expect(instanceIdOfTask(task)).toBe(instance)
    expect(appIdOfTask(task)).toBe(pathId("/prod/web"))
  })

  test("are found in ids with dots in the path", () => {
    expect(instanceIdOfTask(`a.b_c.instance-${UUID}._app.13`)).toBe(`a.b_c.instance-${UUID}`)
  })

  test.each([
    [`prod_web.instance-${UUID}._app.1`, true],
    [`grp_pod.instance-${UUID}.nginx.2`, true],
    [`prod_web.${UUID}`, true],
    [`prod_web.${UUID}.3`, true],
    [`prod_web.marathon-${UUID}`, true],
    ["no such", false],
    ["web", false],
  ])("%s has the form of a task id: %p", (id, valid) => {
    expect(isTaskId(id)).toBe(valid)
  })
})

describe("time UUIDs", () => {
  test("are of version 1, tell the time, and never repeat", () => {
    const uuids = new TimeUuids(new Random(1))
    const seen = Array.from({ length: 20_000 }, () => uuids.next(1_767_225_600_000))
    expect(new Set(seen).size).toBe(20_000)
    // 2026-01-01T00:00:00Z in 100 ns units since 1582-10-15.
    expect(seen[0]).toStartWith("d0c3c000-e6a4-11f0-")
    for (const id of seen)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  test("differ between processes, also when the clock jumps back", () => {
    const [one, other] = [new TimeUuids(new Random(1)), new TimeUuids(new Random(2))]
    expect(one.next(1000)).not.toBe(other.next(1000))
    const first = one.next(5000)
    expect(one.next(2000)).not.toBe(first)
  })
})
