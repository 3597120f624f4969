import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { BenchResult } from "./result.ts"

/** What the figures were measured on. */
export type Machine = {
  readonly cpu: string
  readonly cores: number
  readonly memoryGib: number
  readonly kernel: string
  readonly arch: string
  readonly bun: string
}

/** All figures of one run. */
export type Report = { readonly machine: Machine; readonly results: readonly BenchResult[] }

const folder = join(import.meta.dir, "results")

const machineName = ({ cores, cpu }: Machine): string =>
  `${cores}-cores-${cpu.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`.replace(/-+$/, "")

/** The newest kept report of a machine like this one, with the name of its file; undefined if none. */
export function lastReport(machine: Machine): (Report & { readonly file: string }) | undefined {
  // Names begin with the date, so that the newest comes last.
  const file = readdirSync(folder)
    .filter((name) => name.endsWith(`-${machineName(machine)}.json`))
    .toSorted()
    .at(-1)
  if (file === undefined) return undefined
  const report = JSON.parse(readFileSync(join(folder, file), "utf8")) as Report
  return { ...report, file }
}

/** Keeps a report under today's date, one figure a line; returns the name of its file. */
export function saveReport({ machine, results }: Report): string {
  const day = new Date().toISOString().slice(0, 10)
  const file = `${day}-${machineName(machine)}.json`
  const lines = results.map((result) => `    ${JSON.stringify(result)}`).join(",\n")
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, file),
    `{\n  "machine": ${JSON.stringify(machine)},\n  "results": [\n${lines}\n  ]\n}\n`,
  )
  return file
}
