import { expect, test } from "bun:test"
import { Timer } from "./timer.ts"

test("shows nothing before anything took time", () => {
  expect(new Timer("x_ms").metrics()).toEqual({})
})

test("shows the latest time and how the times spread", () => {
  const timer = new Timer("x_ms")
  for (let ms = 101; ms >= 1; ms--) timer.record(ms)
  expect(timer.metrics()).toEqual({
    x_ms: 1,
    "x_ms/count": 101,
    "x_ms/min": 1,
    "x_ms/max": 101,
    "x_ms/p50": 51,
    "x_ms/p90": 91,
    "x_ms/p95": 96,
    "x_ms/p99": 100,
    "x_ms/p999": 101,
    "x_ms/p9999": 101,
  })
})

test("forgets all but the latest thousand", () => {
  const timer = new Timer("x_ms")
  timer.record(5000)
  for (let i = 0; i < 1000; i++) timer.record(1)
  expect(timer.metrics()).toMatchObject({ "x_ms/count": 1000, "x_ms/max": 1 })
})
