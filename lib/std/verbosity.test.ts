import { expect, test } from "bun:test"
import { setLoggingLevel, toggleLogging } from "./verbosity.ts"

/** A log that says 1 by itself; notes what it is told. */
function log() {
  const told: [number, number][] = []
  const verbosity = { original: 1, level: () => told.at(-1)?.[0] ?? 1 }
  return {
    told,
    verbosity: { ...verbosity, set: (level: number, ms: number) => void told.push([level, ms]) },
  }
}

const answer = async (response: Response) => [response.status, await response.text()]

test("says how much the log says", async () => {
  expect(await answer(toggleLogging(log().verbosity, {}))).toEqual([200, "1\n"])
  expect(await answer(toggleLogging(undefined, {}))).toEqual([200, "0\n"])
})

test("has it say more for a while", async () => {
  const { told, verbosity } = log()
  expect(await answer(toggleLogging(verbosity, { level: "2", duration: "5secs" }))).toEqual([
    200,
    "",
  ])
  const call = { level: 3, duration: { nanoseconds: 7_000_000 } }
  expect(await answer(setLoggingLevel(verbosity, call))).toEqual([200, ""])
  setLoggingLevel(verbosity, { level: 1, duration: { nanoseconds: -1 } })
  expect(told).toEqual([
    [2, 5000],
    [3, 7],
    [1, 0],
  ])
})

test.each([
  [{ level: "2" }, 400, "Expecting 'duration=value' in query.\n"],
  [{ duration: "5secs" }, 400, "Expecting 'level=value' in query.\n"],
  [{ level: "-1", duration: "5secs" }, 400, "Invalid level '-1'.\n"],
  [{ level: "2", duration: "soon" }, 400, "Invalid duration 'soon'.\n"],
  [{ level: "0", duration: "5secs" }, 400, "'0' < original level.\n"],
])("%p is refused", async (query, status, message) => {
  const { told, verbosity } = log()
  expect(await answer(toggleLogging(verbosity, query))).toEqual([status, message])
  expect(told).toEqual([])
})

test("a log that cannot be changed says so", () => {
  expect(toggleLogging(undefined, { level: "2", duration: "5secs" }).status).toBe(501)
})
