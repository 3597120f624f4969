import { expect, test } from "bun:test"
import { encodeMessage } from "#lib/mesos/index.ts"
import { limitOf } from "./limits.ts"

const limits = { cpus: { value: 2 }, mem: { value: Infinity } }

test("an infinite limit stays one over links and in stores", () => {
  const carried = JSON.parse(JSON.stringify(limits)) as typeof limits
  for (const each of [limits, carried])
    expect(["cpus", "mem", "disk"].map((name) => limitOf(each, name))).toEqual([
      2,
      Infinity,
      undefined,
    ])
  expect(limitOf(undefined, "mem")).toBeUndefined()
})

test("and clients are told so", () => {
  const carried = JSON.parse(JSON.stringify(limits)) as typeof limits
  const task = { name: "a", taskId: "a", agentId: "S", limits: carried }
  expect(encodeMessage("mesos.v1.TaskInfo", task as never)).toMatchObject({
    limits: { cpus: { value: 2 }, mem: { value: "Infinity" } },
  })
})
