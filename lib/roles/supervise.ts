import type { Running } from "./process.ts"

/** How long a daemon may take to stop before its process ends all the same, in milliseconds. */
const STOP_MS_MAX = 5_000

/**
 * Waits until the daemon fails, is done, or `signal` asks it to end, then stops it. Resolves with the
 * reason of a failure, or undefined.
 */
export async function supervise(
  running: Running,
  signal: AbortSignal,
): Promise<string | undefined> {
  const asked = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined)
    signal.addEventListener("abort", () => resolve(undefined), { once: true })
  })
  const reason = await Promise.race([asked, running.failed])
  const stopped = running.stop().catch(() => {})
  await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, STOP_MS_MAX).unref())])
  return reason
}
