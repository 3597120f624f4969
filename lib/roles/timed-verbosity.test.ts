import { expect, test } from "bun:test"
import type { LogLevel } from "#lib/ports/index.ts"
import { TimedVerbosity } from "./timed-verbosity.ts"

/** A log at `least`, with what was set and the alarms that are due. */
function build(least: LogLevel) {
  const levels: LogLevel[] = []
  const alarms = new Map<number, () => void>()
  const verbosity = new TimedVerbosity({ setLevel: (level) => void levels.push(level) }, least, {
    now: () => 1000,
    wakeAt: (at, wake) => {
      alarms.set(at, wake)
      return () => void alarms.delete(at)
    },
    soon: (run) => run(),
  })
  return { verbosity, levels, alarms }
}

test("says more for a while, then what it was set up for", () => {
  const { verbosity, levels, alarms } = build("warn")
  verbosity.set(2, 500)
  expect(verbosity.level()).toBe(2)
  alarms.get(1500)?.()
  expect(verbosity.level()).toBe(0)
  expect(levels).toEqual(["debug", "warn"])
})

test("the latest wish counts", () => {
  const { verbosity, alarms } = build("info")
  verbosity.set(1, 500)
  verbosity.set(3, 900)
  expect([...alarms.keys()]).toEqual([1900])
  verbosity.set(0, 100)
  expect(alarms.size).toBe(0)
  expect(verbosity.level()).toBe(0)
})

test("a log of everything begins at 1", () => {
  expect(build("debug").verbosity.original).toBe(1)
})
