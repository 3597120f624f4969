import type { Cancel, Clock } from "#lib/ports/index.ts"

/** The longest delay a timer takes (2^31 - 1 ms, about 24 days); later deadlines are armed again. */
const TIMER_MAX_MS = 0x7fff_ffff

const origin = Date.now() - performance.now()

/** The process' clock: wall time at start, moved on by the monotonic clock. */
export const systemClock: Clock = {
  now: () => origin + performance.now(),

  wakeAt(at: number, wake: () => void): Cancel {
    let timer: ReturnType<typeof setTimeout>
    const arm = (): void => {
      const delay = Math.ceil(at - systemClock.now())
      timer =
        delay > TIMER_MAX_MS ? setTimeout(arm, TIMER_MAX_MS) : setTimeout(wake, Math.max(0, delay))
    }
    arm()
    return () => clearTimeout(timer)
  },

  soon: (run: () => void): void => void setImmediate(run),
}
