import { describe, expect, test } from "bun:test"
import { brandId, type TaskId } from "#lib/mesos/index.ts"
import type { ContainerId, ContainerSpec } from "#lib/ports/index.ts"
import { CalledContainers, isCalled } from "./called-containers.ts"
import { Disk } from "./disk.ts"

const spec = (id: string, taskId = id): ContainerSpec => ({
  containerId: id as ContainerId,
  runtime: "process",
  sandbox: "/work/containers/c",
  environment: {},
  task: { name: id, taskId: brandId<TaskId>(taskId), agentId: brandId("S0") },
})

test("containers of calls are told from those of tasks", () => {
  expect([spec("c"), spec("c", "web")].map(isCalled)).toEqual([true, false])
})

describe("what calls have made", () => {
  test("must be recorded before it is launched, and is launched once", () => {
    const called = new CalledContainers()
    expect(called.launching(new Disk(), spec("c"))).toBe("unrecorded")
    expect(called.spawned("node-0", spec("c"))).toBeUndefined()
    expect(called.spawned("node-0", spec("c"))).toBe("a second time")
  })

  test("ends as it is told", () => {
    const called = new CalledContainers()
    const problem = (status: number | undefined) => called.problem("c" as ContainerId, status)
    expect([problem(undefined), problem(0)]).toEqual([undefined, "it never ran"])
    called.spawned("node-0", spec("c"))
    expect(problem(0)).toBe("it runs")
    called.exited(spec("c"), 256)
    expect([problem(256), problem(0)]).toEqual([undefined, "it ended with 256"])
    // A restart of its node, or of its agent, may lose the status.
    expect(problem(undefined)).toBeUndefined()
    called.replaced("node-0")
    expect(problem(undefined)).toBeUndefined()
  })
})
