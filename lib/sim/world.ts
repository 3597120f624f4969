import type { Log, Store } from "#lib/ports/index.ts"
import type { MasterLink } from "#lib/agent/index.ts"
import type { Random } from "#lib/std/random.ts"
import type { Mark, Marks } from "./marks.ts"
import type { Monitor } from "./monitor.ts"
import type { Schedule } from "./schedule.ts"
import type { Swarm } from "./swarm.ts"
import type { Trace } from "./trace.ts"

/** Where a test puts something broken between a machine and its world, to see that it is noticed. */
export type Seams = {
  readonly store?: (store: Store, owner: string) => Store
  readonly masterLink?: (link: MasterLink, receive: ReceiveFrame) => MasterLink
}

/** Gives an agent a frame as though it came from the master. */
export type ReceiveFrame = (frame: string) => void

/** Says whether the named process dies here; asked at every crash point that a process reaches. */
export type CrashPlan = (process: string, mark: Mark) => boolean

/** What all parts of a simulation share. */
export type World = {
  readonly schedule: Schedule
  readonly trace: Trace
  readonly marks: Marks
  readonly monitor: Monitor
  readonly swarm: Swarm
  readonly seams: Seams
  /** Whether a process dies at a crash point that it has reached, beside those that come by chance. */
  readonly crashPlan?: CrashPlan | undefined
  /** Faults that come by chance are drawn from here. */
  readonly chance: Random
  /** Whether faults come at all: true in the first phase of a run, false in the second. */
  faulty: boolean
}

/** Notes something in the trace. */
export const note = (world: World, who: string, what: string): void =>
  world.trace.write(world.schedule.now, who, what)

/** True with the given probability while there are faults, and then counted as `mark`. */
export function strikes(world: World, probability: number, mark: Mark): boolean {
  if (!world.faulty || probability <= 0 || !world.chance.chance(probability)) return false
  world.marks.hit(mark)
  return true
}

/** A random time with the given mean, in whole milliseconds and at least 1: exponential. */
export const randomMs = (random: Random, meanMs: number): number =>
  Math.max(1, Math.round(-Math.log(1 - random.float()) * meanMs))

/** A random whole number of milliseconds in [min, max]. */
export const between = (random: Random, min: number, max: number): number =>
  max <= min ? min : min + random.below(max - min + 1)

/** A log whose warnings and errors end in the trace. */
export const traceLog = (world: World, who: string): Log => ({
  enabled: (level) => level !== "debug",
  write(level, message, fields) {
    if (level === "debug") return
    const facts = fields === undefined ? "" : ` ${JSON.stringify(fields)}`
    note(world, who, `${level}: ${message}${facts}`)
  },
})
