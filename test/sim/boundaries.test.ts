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
import type { Store } from "#lib/ports/index.ts"
import { must } from "#lib/std/assert.ts"
import { lateStore, tornStore, withoutPath } from "./bad-stores.ts"
import { SCRIPTS } from "./boundary-scripts.ts"

setDefaultTimeout(5 * 60_000)

/** The rule of what a crash leaves. */
const KEPT = "what was answered is there, and nothing half done"

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

describe("what does not outlast a crash is noticed:", () => {
  /** The rule that the first boundary breaks that breaks one. */
  function ruleBroken(name: string, store: (store: Store) => Store): string | undefined {
    const script = must(
      SCRIPTS.find((known) => known.name === name),
      "the script is there",
    )
    const course = recordCourse(script, { settle })
    for (const boundary of boundariesOf(course)) {
      const failure = runAcross(script, { course, boundary, settle, seams: { store } })
      if (failure !== undefined) return failure.invariant
    }
    return undefined
  }

  test.each([
    ["quotas", "/quota/"],
    ["weights", "/weights/"],
    ["maintenance", "/maintenance/"],
    ["agents' admission", "/agents/"],
    ["draining", "/agents/"],
    ["agents that are gone", "/agents/"],
    ["reservations", "/agent/resources"],
    ["volumes", "/agent/resources"],
    ["frameworks' registration", "/frameworks/"],
  ])("%s without %s", (name, path) => {
    expect(ruleBroken(name, withoutPath(path))).toBeDefined()
  })

  test("answers before the commit", () => {
    expect(ruleBroken("weights", lateStore)).toBe(KEPT)
  })

  test("half of a commit", () => {
    expect(ruleBroken("weights", tornStore)).toBe(KEPT)
  })
})
