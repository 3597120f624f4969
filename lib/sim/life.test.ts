import { drainMicrotasks } from "bun:jsc"
import { expect, test } from "bun:test"
import { Life } from "./life.ts"
import { Schedule } from "./schedule.ts"

const bench = (error = { offsetMs: 1_000_000, rate: 1 }) => {
  const schedule = new Schedule()
  return { schedule, life: new Life("node", schedule, error) }
}

test.each([
  { offsetMs: 0, rate: 1 },
  { offsetMs: -5_000, rate: 1.01 },
  { offsetMs: 1_700_000_000_000, rate: 0.99 },
])("an alarm rings when the clock shows its time, not before (%j)", (error) => {
  const { schedule, life } = bench(error)
  const wanted = life.now() + 12_345
  let rung: number | undefined
  life.wakeAt(wanted, () => (rung = life.now()))
  while (schedule.step(20_000));
  expect(rung).toBeGreaterThanOrEqual(wanted)
  expect(rung).toBeLessThanOrEqual(wanted + 2)
})

test("an alarm in the past rings soon, a cancelled one never", () => {
  const { schedule, life } = bench()
  const rung: string[] = []
  life.wakeAt(life.now() - 500, () => rung.push("past"))
  life.wakeAt(life.now() + 1, () => rung.push("cancelled"))()
  while (schedule.step(10));
  expect(rung).toEqual(["past"])
})

test("nothing of a life happens once it is over", () => {
  const { schedule, life } = bench()
  const happened: string[] = []
  life.soon(() => happened.push("soon"))
  life.wakeAt(life.now() + 5, () => happened.push("alarm"))
  void life.later(5, () => "value").then((value) => happened.push(value))
  life.end()
  while (schedule.step(10));
  drainMicrotasks()
  expect(happened).toEqual([])
})

test("what is left to the machine is done at the end, unless it was taken back", () => {
  const { life } = bench()
  const done: string[] = []
  life.atEnd(() => done.push("left"))
  life.atEnd(() => done.push("taken back"))()
  life.end()
  expect(done).toEqual(["left"])
})
