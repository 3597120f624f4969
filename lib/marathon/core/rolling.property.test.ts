import { expect, test } from "bun:test"
import { Random } from "#lib/std/random.ts"
import { nextReplacementMove } from "./rolling.ts"

/** A replacement in the abstract: how many instances of each kind there are. */
type Rollout = {
  oldHealthy: number
  oldSick: number
  oldEnding: number
  newWaiting: number
  newHealthy: number
}

const total = (rollout: Rollout): number =>
  rollout.oldHealthy + rollout.oldSick + rollout.oldEnding + rollout.newWaiting + rollout.newHealthy

function replace(random: Random): void {
  const target = 1 + random.below(12)
  const minimumHealthCapacity = random.pick([0, 0.1, 0.25, 0.5, 0.7, 0.9, 1])
  const maximumOverCapacity = random.pick([0, 0.1, 0.2, 0.3, 0.5, 1])
  const before = random.below(15)
  const sick = random.chance(0.3) ? random.below(before + 1) : 0
  const at: Rollout = {
    oldHealthy: before - sick,
    oldSick: sick,
    oldEnding: 0,
    newWaiting: 0,
    newHealthy: 0,
  }
  const minHealthy = Math.ceil(Math.round(target * minimumHealthCapacity * 1000) / 1000)
  const most = Math.max(
    before,
    Math.floor(Math.round(target * (1 + maximumOverCapacity) * 1000) / 1000),
    minHealthy === target ? target + 1 : 0,
  )
  for (let turn = 0; turn < 1000; turn++) {
    const healthy = at.oldHealthy + at.newHealthy
    const move = nextReplacementMove({
      target,
      minimumHealthCapacity,
      maximumOverCapacity,
      started: at.newWaiting + at.newHealthy,
      startedHealthy: at.newHealthy,
      oldActive: at.oldHealthy + at.oldSick + at.oldEnding,
      oldRunning: at.oldHealthy + at.oldSick,
      oldHealthy: at.oldHealthy,
    })
    const sickKilled = Math.min(at.oldSick, move.kill + (move.killOneUnhealthy ? 1 : 0))
    at.oldSick -= sickKilled
    at.oldHealthy -= Math.max(0, move.kill - sickKilled)
    at.oldEnding += Math.max(move.kill, sickKilled)
    at.newWaiting += move.start
    expect(at.oldHealthy).toBeGreaterThanOrEqual(0)
    expect(at.oldHealthy + at.newHealthy).toBeGreaterThanOrEqual(Math.min(healthy, minHealthy))
    expect(total(at)).toBeLessThanOrEqual(most)
    if (at.newHealthy === target && total(at) === target) return
    if (at.oldEnding > 0 && random.chance(0.5)) at.oldEnding--
    else if (at.newWaiting > 0) {
      at.newWaiting--
      at.newHealthy++
    } else if (at.oldEnding > 0) at.oldEnding--
  }
  expect(at).toEqual({ oldHealthy: 0, oldSick: 0, oldEnding: 0, newWaiting: 0, newHealthy: target })
}

test("any replacement ends, and keeps its bounds on the way", () => {
  const random = new Random(42)
  for (let run = 0; run < 3000; run++) replace(random)
})
