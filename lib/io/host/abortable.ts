/** The outcome of the work, or a failure as soon as the signal aborts; the work itself goes on. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const givenUp = (): Error => new Error("the launch was given up")
  if (signal.aborted) {
    work.catch(() => {})
    return Promise.reject(givenUp())
  }
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(givenUp())
    signal.addEventListener("abort", abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort))
  })
}
