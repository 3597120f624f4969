import { Random } from "#lib/std/random.ts"
import { Marks } from "./marks.ts"
import { Monitor } from "./monitor.ts"
import { Schedule } from "./schedule.ts"
import { CALM, type Swarm } from "./swarm.ts"
import { Trace } from "./trace.ts"
import type { World } from "./world.ts"

/** A world in tests: with no faults but those named, and what comes by chance drawn from the seed. */
export function testWorld(swarm: Partial<Swarm> = {}, seed = 1): World {
  const marks = new Marks()
  return {
    schedule: new Schedule(),
    trace: new Trace(10),
    marks,
    monitor: new Monitor(marks),
    swarm: { ...CALM, ...swarm },
    seams: {},
    chance: new Random(seed),
    faulty: true,
  }
}
