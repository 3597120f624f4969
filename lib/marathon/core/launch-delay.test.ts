import { describe, expect, test } from "bun:test"
import { delaysAfterFailure, delaysAfterProgress, launchAllowedAt } from "./launch-delay.ts"
import { testAppVersion } from "./test-app.ts"

const app = testAppVersion({ backoffSeconds: 1, backoffFactor: 1.15, maxLaunchDelaySeconds: 300 })

describe("the launch delay", () => {
  test("grows by the factor: 1, 1.15, 1.32, 1.52 seconds", () => {
    let delays = delaysAfterFailure([], app, 0)
    const seen = [delays[0]?.delayMs]
    for (let count = 0; count < 3; count++) {
      delays = delaysAfterFailure(delays, app, 0)
      seen.push(delays[0]?.delayMs)
    }
    expect(seen).toEqual([1000, 1150, 1323, 1521])
  })

  test("reaches its limit after 41 further failures", () => {
    let delays = delaysAfterFailure([], app, 0)
    for (let count = 0; count < 40; count++) delays = delaysAfterFailure(delays, app, 0)
    expect(delays[0]?.delayMs).toBeLessThan(300_000)
    delays = delaysAfterFailure(delays, app, 0)
    expect(delays[0]?.delayMs).toBe(300_000)
  })

  test("counts from the last progress, and is forgotten after the limit", () => {
    const failed = delaysAfterFailure([], app, 0)
    expect(launchAllowedAt(failed, app, 500)).toBe(1000)
    const progressed = delaysAfterProgress(failed, app, 2000)
    expect(launchAllowedAt(progressed, app, 2500)).toBe(3000)
    expect(launchAllowedAt(progressed, app, 302_001)).toBe(0)
    expect(delaysAfterFailure(progressed, app, 302_001)[0]?.delayMs).toBe(1000)
    expect(delaysAfterProgress(progressed, app, 302_001)).toEqual([])
  })

  test("belongs to one configuration", () => {
    const other = testAppVersion({
      versionInfo: {
        lastScalingAt: app.version,
        lastConfigChangeAt: "2026-02-01T00:00:00.000Z" as never,
      },
    })
    const delays = delaysAfterFailure([], app, 0)
    expect(launchAllowedAt(delays, other, 0)).toBe(0)
    expect(delaysAfterFailure(delays, other, 0)).toHaveLength(2)
  })
})
