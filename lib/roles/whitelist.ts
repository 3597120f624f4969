import { readTextFile, systemClock } from "#lib/io/index.ts"
import type { MasterDriver } from "#lib/master/index.ts"
import type { Cancel, Log } from "#lib/ports/index.ts"
import { StartError } from "./process.ts"

/** Source: apache/mesos: src/master/constants.hpp (WHITELIST_WATCH_INTERVAL). */
const WATCH_MS = 5_000

/**
 * Keeps the master's whitelist as a file says it: a host name a line. A file that is missing at the
 * start is a `StartError`; one that cannot be read later changes nothing. Yields how to stop.
 */
export async function watchWhitelist(
  path: string,
  master: Pick<MasterDriver, "setWhitelist">,
  log: Log,
): Promise<() => void> {
  let last = await readTextFile(path)
  if (last === undefined) throw new StartError(`--whitelist ${path}: there is no such file`)
  master.setWhitelist(hostsOf(last))
  let cancel: Cancel | undefined
  let stopped = false
  const look = async (): Promise<void> => {
    const text = await readTextFile(path).catch(() => undefined)
    if (stopped) return
    if (text === undefined)
      log.write("warn", "the whitelist cannot be read; it stays as it was", { path })
    else if (text !== last) {
      last = text
      master.setWhitelist(hostsOf(text))
      log.write("info", "the whitelist has changed", { path })
    }
    watch()
  }
  const watch = (): void => {
    cancel = systemClock.wakeAt(systemClock.now() + WATCH_MS, () => void look())
  }
  watch()
  return () => {
    stopped = true
    cancel?.()
  }
}

const hostsOf = (text: string): ReadonlySet<string> =>
  new Set(
    text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== ""),
  )
