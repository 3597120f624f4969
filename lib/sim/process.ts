import { Life, type ClockError } from "./life.ts"
import type { Mark } from "./marks.ts"
import { between, note, randomMs, strikes, type World } from "./world.ts"

/** Where clocks start: an arbitrary moment, in milliseconds since the epoch. */
const EPOCH_MS = 1_700_000_000_000

/** What a process runs. */
export type Program = {
  /** Begins a life. What it starts must do nothing once the life is over. */
  readonly boot: (life: Life) => void
  /** The life is about to end at a moment when it does nothing: the disk should know what it knows. */
  readonly ending: () => void
  /** The life is over; the operating system closes what it held open. */
  readonly ended: () => void
}

/** A process of the simulated machines: it starts, dies at any moment, and starts again. */
export class Process {
  readonly name: string
  readonly #world: World
  readonly #program: Program
  readonly #crashMark: Mark
  #clock: ClockError
  #life: Life | undefined
  /** Grows with each start that is planned: only the newest plan counts. */
  #plan = 0

  constructor(world: World, name: string, parts: { program: Program; crashMark: Mark }) {
    this.#world = world
    this.name = name
    this.#program = parts.program
    this.#crashMark = parts.crashMark
    this.#clock = { offsetMs: EPOCH_MS, rate: 1 }
  }

  /** The life under way; undefined while the process is down. */
  get life(): Life | undefined {
    return this.#life
  }

  /** Starts the process if it is down. */
  start(): void {
    if (this.#life !== undefined) return
    const world = this.#world
    this.#plan++
    this.#setClock()
    note(world, this.name, "starts")
    const life = new Life(this.name, world.schedule, this.#clock)
    this.#life = life
    this.#program.boot(life)
    const meanMs = this.#crashMeanMs()
    if (meanMs > 0)
      life.after(randomMs(world.chance, meanMs), () => {
        if (!world.faulty) return
        this.#program.ending()
        this.crash("killed")
      })
  }

  /** Ends the process at once; it starts again after a while. Nothing happens when it is down. */
  crash(why: string, downMs?: number): void {
    const life = this.#life
    if (life === undefined) return
    const world = this.#world
    world.marks.hit(this.#crashMark)
    note(world, this.name, `dies: ${why}`)
    life.end()
    this.#life = undefined
    this.#program.ended()
    const plan = ++this.#plan
    world.schedule.after(downMs ?? between(world.chance, 0, world.swarm.downMaxMs), () => {
      if (plan === this.#plan) this.start()
    })
  }

  /** A place where the process may die: says whether it just did. */
  crashPoint(mark: Mark): boolean {
    if (this.#life === undefined) return true
    const world = this.#world
    const planned = world.crashPlan?.(this.name, mark) === true
    if (planned) world.marks.hit(mark)
    if (!planned && !strikes(world, world.swarm.crashPoint, mark)) return false
    this.crash(mark)
    return true
  }

  #crashMeanMs(): number {
    const { masterCrashMs, agentCrashMs, frameworkCrashMs } = this.#world.swarm
    if (this.#crashMark === "crash.master") return masterCrashMs
    return this.#crashMark === "crash.agent" ? agentCrashMs : frameworkCrashMs
  }

  #setClock(): void {
    const { chance, marks, faulty, swarm, schedule } = this.#world
    if (!faulty) return
    const { clockJumpMs, clockDrift } = swarm
    const jump = clockJumpMs === 0 ? 0 : between(chance, -clockJumpMs, clockJumpMs)
    if (jump !== 0) marks.hit(jump < 0 ? "clock.back" : "clock.ahead")
    const rate = clockDrift === 0 ? 1 : 1 + (2 * chance.float() - 1) * clockDrift
    const shown = this.#clock.offsetMs + schedule.now * this.#clock.rate + jump
    this.#clock = { offsetMs: shown - schedule.now * rate, rate }
  }
}
