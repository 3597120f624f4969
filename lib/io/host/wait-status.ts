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
 * The wait status of what ran in a terminal, from that of script(1), which tells a signal n as exit
 * code 128 + n.
 */
export function terminalStatus(status: number): number {
  const code = (status >> 8) & 0xff
  return (status & 0x7f) === 0 && code > 128 && code <= 128 + 64
    ? signaledStatus(code - 128)
    : status
}
