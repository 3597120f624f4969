import { constants } from "node:os"

/** The wait status of a process that exited with `code`, as waitpid(2) gives it. */
export const exitedStatus = (code: number): number => (code & 0xff) << 8

/** The wait status of a process that a signal ended. */
export const signaledStatus = (signal: number): number => signal & 0x7f

/** The wait status of a child of this process, from what the runtime says of its end. */
export function childStatus(child: {
  readonly exitCode: number | null
  readonly signalCode: string | number | null
}): number {
  if (child.signalCode === null) return exitedStatus(child.exitCode ?? 0)
  if (typeof child.signalCode === "number") return signaledStatus(child.signalCode)
  const signals: Readonly<Record<string, number>> = constants.signals
  return signaledStatus(signals[child.signalCode] ?? 9)
}

/** A wait status in words: "exited with status 1", "terminated with signal Killed". */
export function describeStatus(status: number): string {
  const signal = status & 0x7f
  if (signal === 0) return `exited with status ${(status >> 8) & 0xff}`
  const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0]
  return `terminated with signal ${name ?? signal}`
}

/**
 * The wait status behind an exit code of those who tell a signal n as 128 + n: script(1) and conmon.
 * A program may return such a code by itself, but the signal is far likelier.
 */
export function terminalStatus(status: number): number {
  const code = (status >> 8) & 0xff
  return (status & 0x7f) === 0 && code > 128 && code <= 128 + 64
    ? signaledStatus(code - 128)
    : status
}

/** The number of a signal by its name, with or without "SIG", or its number; undefined for others. */
export function signalNumber(name: string): number | undefined {
  if (/^\d{1,2}$/.test(name)) return Number(name)
  const signals: Readonly<Record<string, number>> = constants.signals
  return signals[name.startsWith("SIG") ? name : `SIG${name}`]
}
