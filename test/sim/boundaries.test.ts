/**
 * A process dies at every commit boundary: each script is run once to count the commits, then once for
 * each side of each commit of the master and of the agents. The rules are those of lib/sim/boundaries.ts.
 */
import { drainMicrotasks } from "bun:jsc"
import { describe, expect, setDefaultTimeout, test } from "bun:test"
import {
  boundariesOf,
  recordCourse,
  runAcross,
  type Boundary,
  type BoundaryFailure,
} from "#lib/sim/index.ts"
import { SCRIPTS } from "./boundary-scripts.ts"

setDefaultTimeout(60_000)

const settle = drainMicrotasks

function tell({ process, commit, side }: Boundary, failure: BoundaryFailure): string {
  const { tail, invariant, detail } = failure
  return [
    ...tail.slice(-60),
    `${process} at commit ${commit}, ${side}: ${invariant}: ${detail}`,
  ].join("\n")
}

describe("a process dies at every commit boundary:", () => {
  test.each(SCRIPTS.map((script) => [script.name, script] as const))("%s", (_, script) => {
    const course = recordCourse(script, { settle })
    const boundaries = boundariesOf(course)
    expect(boundaries.length).toBeGreaterThan(0)
    for (const boundary of boundaries) {
      const failure = runAcross(script, { course, boundary, settle })
      expect(failure === undefined ? "" : tell(boundary, failure)).toBe("")
    }
  })
})
