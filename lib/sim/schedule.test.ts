import { expect, test } from "bun:test"
import { Random } from "#lib/std/random.ts"
import { Schedule } from "./schedule.ts"

const runAll = (schedule: Schedule, until = 1e9): void => {
  while (schedule.step(until));
}

test("runs entries in order of time, and of planning within one moment", () => {
  const schedule = new Schedule()
  const ran: string[] = []
  const random = new Random(1)
  const planned = Array.from({ length: 500 }, (_, order) => ({ at: random.below(50), order }))
  for (const { at, order } of planned) schedule.at(at, () => ran.push(`${at}/${order}`))
  runAll(schedule)
  const expected = planned.sort((a, b) => a.at - b.at || a.order - b.order)
  expect(ran).toEqual(expected.map(({ at, order }) => `${at}/${order}`))
})

test("what is planned for the past runs now, after what is there already", () => {
  const schedule = new Schedule()
  const ran: string[] = []
  schedule.at(10, () => {
    schedule.at(10, () => ran.push("planned before"))
    schedule.at(3, () => ran.push(`too late at ${schedule.now}`))
  })
  runAll(schedule)
  expect(ran).toEqual(["planned before", "too late at 10"])
})

test("lets time pass to the limit when nothing is due before it", () => {
  const schedule = new Schedule()
  schedule.at(100, () => {})
  expect(schedule.step(60)).toBe(false)
  expect(schedule.now).toBe(60)
  expect(schedule.step(100)).toBe(true)
  expect(schedule.size).toBe(0)
})
