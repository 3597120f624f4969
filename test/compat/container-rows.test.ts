/** Every row of the reference's section on containers has tests, which are where they are said to be. */
import { describe, expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { ISOLATORS } from "../../lib/roles/isolators.ts"
import { ISOLATOR_ROWS, LINES, type Proofs } from "./container-rows.ts"

const root = join(import.meta.dir, "../..")

/** The tests of a row that are not in their files. */
const missing = (proofs: Proofs): readonly string[] =>
  Object.entries(proofs).flatMap(([file, names]) => {
    const text = readFileSync(join(root, file), "utf8")
    return names
      .filter((name) => !text.includes(`"${name}"`) && !text.includes(`\`${name}\``))
      .map((name) => `${file}: ${name}`)
  })

test("the agent knows the isolators of the reference, and no others", () => {
  expect(Object.keys(ISOLATORS).toSorted()).toEqual(Object.keys(ISOLATOR_ROWS).toSorted())
})

test("what is refused is what the rows say", () => {
  const refused = Object.keys(ISOLATORS).filter((name) => ISOLATORS[name]?.refused !== undefined)
  const said = Object.keys(ISOLATOR_ROWS).filter((name) =>
    Object.values(ISOLATOR_ROWS[name] ?? {})
      .flat()
      .includes("as Mesos knows it and this agent does not: %s"),
  )
  expect(refused.toSorted()).toEqual(said.toSorted())
})

describe("has tests:", () => {
  const rows = { ...ISOLATOR_ROWS, ...LINES }

  test.each(Object.keys(rows))("%s", (row) => {
    const proofs = rows[row] ?? {}
    expect(Object.values(proofs).flat().length).toBeGreaterThan(0)
    expect(missing(proofs)).toEqual([])
  })

  test("a test that is not there is found missing", () => {
    expect(missing({ "test/compat/container-rows.test.ts": [crypto.randomUUID()] })).toHaveLength(1)
  })
})
