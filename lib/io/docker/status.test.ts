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

test("the end of one that the daemon does not know is lost", () => {
  expect(endOf(spec, undefined)).toEqual({ message: expect.stringContaining("was removed") })
})
