/**
 * `npm run bench`: measures the compiled executable and prints a table that compares with the last
 * results kept in test/bench/results. `-- --json` prints one JSON object instead, `-- --only NAME`
 * runs one benchmark (by its own name or that of a figure), `-- --save` keeps the results. Exits with 0
 * whether or not budgets are met.
 */
import { arch, cpus, release, totalmem } from "node:os"
import { parseArgs } from "node:util"
import { benchmarks } from "../test/bench/index.ts"
import { lastReport, saveReport, type Machine } from "../test/bench/report.ts"
import type { BenchResult } from "../test/bench/result.ts"
import { buildExecutable } from "./build.ts"

const { json, only, save } = options()
const chosen = benchmarks.filter(
  ({ name, measures }) => only === undefined || name === only || measures.includes(only),
)
if (chosen.length === 0) {
  console.error(`no benchmark ${only}; there are ${benchmarks.map(({ name }) => name).join(", ")}`)
  process.exit(2)
}

const machine: Machine = {
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memoryGib: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  arch: arch(),
  bun: Bun.version,
}
const last = lastReport(machine)

/** The command line; ends the process with 2 and the reason when it names what there is not. */
function options() {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: "boolean", default: false },
        only: { type: "string" },
        save: { type: "boolean", default: false },
      },
    })
    return values
  } catch (cause) {
    console.error(`${String(cause)}\nusage: npm run bench -- [--only NAME] [--json] [--save]`)
    return process.exit(2)
  }
}

const show = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)

/** What the same figure was the last time, and by how much it has changed since. */
function comparison({ name, value }: BenchResult): string {
  const before = last?.results.find((result) => result.name === name)?.value
  if (before === undefined) return ""
  const percent = Math.round((100 * (value - before)) / before)
  return `${show(before)} (${percent < 0 ? "" : "+"}${percent} %)`
}

function row(result: BenchResult): string {
  const { name, value, unit, budget, met } = result
  const verdict = met === null ? "" : met ? "met" : "MISSED"
  const limit = budget === null ? "" : `${show(budget)} ${unit}`
  const measured = `${show(value)} ${unit}`
  return `${name.padEnd(28)} ${measured.padStart(12)} ${limit.padStart(10)}  ${verdict.padEnd(6)} ${comparison(result).padStart(16)}`
}

const executable = await buildExecutable()
const results: BenchResult[] = []
if (!json) {
  console.log(
    `${machine.cores} cores of ${machine.cpu}, ${machine.memoryGib} GiB, Linux ${machine.kernel}, Bun ${machine.bun}`,
  )
  if (last) console.log(`compared with ${last.file}`)
  console.log(
    `${"benchmark".padEnd(28)} ${"measured".padStart(12)} ${"budget".padStart(10)}         ${last ? "before".padStart(16) : ""}`,
  )
}
for (const { run } of chosen)
  for (const result of await run(executable)) {
    results.push(result)
    if (!json) console.log(row(result))
  }
if (json) console.log(JSON.stringify({ machine, results }))
if (save) console.error(`kept in ${saveReport({ machine, results })}`)
process.exit(0)
