import { expect, test } from "bun:test"
import type { ContainerId } from "#lib/ports/index.ts"
import { NetClsHandles } from "./net-cls.ts"

const id = (text: string) => ({ containerId: text as ContainerId })
const range = { primary: 0x12, first: 3, last: 4 }

/** Handles over cgroups of an earlier life, by container. */
const handles = (files: Readonly<Record<string, string>> = {}) =>
  new NetClsHandles(range, { readFile: (containerId) => files[containerId] })

test("each container has a class id of its own, until none is left", () => {
  const made = handles()
  expect([made.take(id("a")), made.take(id("b"))]).toEqual([0x120003, 0x120004])
  expect(made.status(id("b").containerId)).toEqual({
    cgroupInfo: { netCls: { classid: 0x120004 } },
  })
  expect(() => made.take(id("c"))).toThrow("all class ids")
  made.free(id("a").containerId)
  expect(made.take(id("c"))).toBe(0x120003)
})

test("those of containers that run on are not given again", () => {
  const made = handles({ a: "1179651\n", b: "0\n" })
  for (const { containerId } of [id("a"), id("b"), id("gone")]) made.adopt(containerId)
  expect(made.status(id("b").containerId)).toEqual({})
  expect(made.take(id("c"))).toBe(0x120004)
})

test("nested containers have their parent's, and none have any where nobody wants them", () => {
  expect(handles().take({ ...id("a.b"), parent: "a" as ContainerId })).toBeUndefined()
  const none = new NetClsHandles(undefined, { readFile: () => "5" })
  none.adopt(id("a").containerId)
  expect(none.take(id("b"))).toBeUndefined()
  expect(none.status(id("a").containerId)).toEqual({})
})
