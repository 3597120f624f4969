import { expect, test } from "bun:test"
import type { ContainerInspectInfo } from "dockerode"
import type { ContainerSpec } from "#lib/ports/index.ts"
import { endOf, wasStarted } from "./status.ts"

const NEVER = "0001-01-01T00:00:00Z"

const inspected = (state: Partial<ContainerInspectInfo["State"]>): ContainerInspectInfo =>
  ({
    Config: { Labels: {} },
    State: { Running: false, ExitCode: 0, OOMKilled: false, Error: "", ...state },
  }) as ContainerInspectInfo

const spec = {} as ContainerSpec

test.each(["created", "removing", "dead"])("a container that is %s was never started", (Status) => {
  const never = inspected({ Status, StartedAt: NEVER })
  expect(wasStarted(never)).toBe(false)
  expect(endOf(spec, never)).toEqual({ message: expect.stringContaining("never started") })
})

test("one that was has its exit code, also while it is being removed", () => {
  const ended = inspected({
    Status: "removing",
    StartedAt: "2026-01-02T03:04:05.678901234Z",
    ExitCode: 7,
  })
  expect(wasStarted(ended)).toBe(true)
  expect(endOf(spec, ended)).toEqual({ status: 7 << 8 })
})

test.each<[number, object]>([
  [0, { status: 0 }],
  [143, { status: 143 << 8, message: "a process of it was killed because memory ran out" }],
  [
    137,
    {
      status: 137 << 8,
      limitation: {
        reason: "REASON_CONTAINER_LIMITATION_MEMORY",
        message: "Memory limit exceeded: the container may use 32 MB",
        resources: [],
      },
    },
  ],
])("one that lost a process for want of memory and exits with %p", (ExitCode, end) => {
  const ended = inspected({ StartedAt: "2026-01-02T03:04:05Z", OOMKilled: true, ExitCode })
  const limited = { ...ended, HostConfig: { Memory: 32 << 20 } } as ContainerInspectInfo
  expect(endOf({ task: {} } as ContainerSpec, limited)).toEqual(end)
})

test("the end of one that the daemon does not know is lost", () => {
  expect(endOf(spec, undefined)).toEqual({ message: expect.stringContaining("was removed") })
})
