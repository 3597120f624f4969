/** Runs seeds for the tests of this folder and tells of a failing one what is needed to repeat it. */
import { drainMicrotasks } from "bun:jsc"
import { simulate, type Report, type SimulationOptions } from "#lib/sim/index.ts"

/** Virtual minutes under faults, and nodes, of every run that does not say otherwise. */
export const MINUTES = 3
export const AGENTS = 3

/** Runs one seed. */
export const run = (seed: number, options: Partial<SimulationOptions> = {}): Report =>
  simulate({ seed, minutes: MINUTES, agents: AGENTS, settle: drainMicrotasks, ...options })

/** What a failing seed broke and how to repeat it; empty for one that passed. */
export function failure(report: Report): string {
  if (report.violation === undefined) return ""
  const { invariant, detail } = report.violation
  return [
    ...report.tail.slice(-40),
    `seed ${report.seed} broke: ${invariant}: ${detail}`,
    `again: npm run sim -- --seed ${report.seed} --minutes ${MINUTES} --agents ${AGENTS}`,
  ].join("\n")
}
