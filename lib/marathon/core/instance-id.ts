import { brandId } from "#lib/mesos/index.ts"
import type { TaskId } from "#lib/mesos/index.ts"
import type { Random } from "#lib/std/random.ts"
import { segmentsOf } from "../model/index.ts"
import type { PathId } from "../model/index.ts"

const TASK_PATTERN = /^(.+\.(?:instance-|marathon-)[^.]+)(?:\._app|\.([^.]+))\.(\d+)$/
const LEGACY_PATTERN = /^[^.].*\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\.\d+)?$/

/** 100 ns units between the calendar's begin in 1582, from which time UUIDs count, and 1970. */
const GREGORIAN_OFFSET = 122_192_928_000_000_000n

/**
 * Time UUIDs (version 1) that are unique within a process because its ticks rise, and between
 * processes because each has a node of its own.
 */
export class TimeUuids {
  readonly #tail: string
  #last = 0n

  constructor(random: Random) {
    const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0")
    const sequence = 0x8000 | random.below(0x4000)
    const node = hex(0x0100 | random.below(0x10000), 4) + hex(random.uint32(), 8)
    this.#tail = `${hex(sequence, 4)}-${node}`
  }

  /** The next one at `now` (milliseconds since the Unix epoch). */
  next(now: number): string {
    const ticks = BigInt(Math.floor(now)) * 10_000n + GREGORIAN_OFFSET
    this.#last = ticks > this.#last ? ticks : this.#last + 1n
    const hex = this.#last.toString(16).padStart(15, "0")
    return `${hex.slice(7, 15)}-${hex.slice(3, 7)}-1${hex.slice(0, 3)}-${this.#tail}`
  }
}

/** "prod_web.instance-<uuid>" for "/prod/web". Source: marathon-api reference, section 6.1. */
export const instanceIdOf = (app: PathId, uuid: string): string =>
  `${segmentsOf(app).join("_")}.instance-${uuid}`

/** The id of an app instance's n-th task, counted from 1. */
export const taskIdOf = (instanceId: string, incarnation: number): TaskId =>
  brandId<TaskId>(`${instanceId}._app.${incarnation}`)

/** The instance that a task id names, or undefined for ids in other forms. */
export const instanceIdOfTask = (taskId: string): string | undefined =>
  TASK_PATTERN.exec(taskId)?.[1]

/** Whether a text has the form of a task id of Marathon, today's or an older one. */
export const isTaskId = (text: string): boolean =>
  TASK_PATTERN.test(text) ||
  /^.+\.(?:instance-|marathon-)[^.]+$/.test(text) ||
  LEGACY_PATTERN.test(text)

/** The app of an instance or task id as far as the id tells: "/prod/web" for "prod_web.instance-…". */
export const appIdOfTask = (id: string): PathId =>
  `/${(id.split(".instance-")[0] ?? id).split("_").join("/")}` as PathId
