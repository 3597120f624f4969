import { expect, test } from "bun:test"
import { Random } from "#lib/std/random.ts"
import { Worklist } from "./worklist.ts"

const create = (seed = 1): Worklist<string, string> => new Worklist(new Random(seed))

function drain(work: Worklist<string, string>): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  while (!work.isEmpty) {
    const [agent, dirt] = work.take()
    found[agent] = dirt === "all" ? dirt : dirt && [...dirt]
  }
  return found
}

test("an agent that is marked for everybody needs no mark for one", () => {
  const work = create()
  work.markPair("A1", "x")
  work.markPair("A1", "y")
  work.markPair("A2", "x")
  work.markAgent("A2")
  work.markPair("A2", "y")
  expect(drain(work)).toEqual({ A1: ["x", "y"], A2: "all" })
  expect(work.isEmpty).toBe(true)
})

test("an agent that is forgotten after the order was drawn comes without dirt, once", () => {
  const work = create()
  for (const agent of ["A1", "A2", "A3"]) work.markAgent(agent)
  const [first] = work.take()
  const rest = ["A1", "A2", "A3"].filter((agent) => agent !== first)
  work.forget(rest[0]!)
  expect(drain(work)[rest[1]!]).toBe("all")
})

test("an agent that is marked again is taken again", () => {
  const work = create()
  work.markAgent("A1")
  work.take()
  work.markPair("A1", "x")
  expect(drain(work)).toEqual({ A1: ["x"] })
})

test("the order is drawn by lot", () => {
  const firsts = new Set<string>()
  for (let seed = 1; seed <= 20; seed++) {
    const work = create(seed)
    for (const agent of ["A1", "A2", "A3"]) work.markAgent(agent)
    firsts.add(work.take()[0])
  }
  expect(firsts.size).toBe(3)
})

test("taking from an empty list is a bug", () => {
  expect(() => create().take()).toThrow("no agent is marked")
})
