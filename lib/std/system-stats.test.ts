import { expect, test } from "bun:test"
import { systemStats } from "./system-stats.ts"

test("tells the metrics of a machine by their older names", () => {
  expect(
    systemStats({ "system/load_1min": 0.5, "system/cpus_total": 8, "system/mem_free_bytes": 7 }),
  ).toEqual({ avg_load_1min: 0.5, cpus_total: 8, mem_free_bytes: 7 })
})
