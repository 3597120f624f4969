/**
 * `npm run bench`: measures the compiled executable and prints a table; `-- --json` prints one JSON
 * object instead, `-- --only NAME` runs one benchmark. Exits with 0 whether or not budgets are met.
 */
import { cpus, totalmem, release, arch } from "node:os"
import { benchmarks } from "../test/bench/index.ts"
import type { BenchResult } from "../test/bench/result.ts"
import { buildExecutable } from "./build.ts"

const args = process.argv.slice(2)
const json = args.includes("--json")
const at = args.indexOf("--only")
const only = at >= 0 ? args[at + 1] : undefined
const chosen = benchmarks.filter(({ name }) => only === undefined || name === only)
if (chosen.length === 0) {
  console.error(`no benchmark ${only}; there are ${benchmarks.map(({ name }) => name).join(", ")}`)
  process.exit(2)
}

const machine = {
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memoryGib: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  arch: arch(),
  bun: Bun.version,
}

const show = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)

function row({ name, value, unit, budget, met }: BenchResult): string {
  const verdict = met === null ? "" : met ? "met" : "MISSED"
  const limit = budget === null ? "" : `${show(budget)} ${unit}`
  return `${name.padEnd(28)} ${`${show(value)} ${unit}`.padStart(14)} ${limit.padStart(12)}  ${verdict}`
}

const executable = await buildExecutable()
const results: BenchResult[] = []
if (!json)
  console.log(
    `${machine.cores} cores of ${machine.cpu}, ${machine.memoryGib} GiB, Linux ${machine.kernel}, Bun ${machine.bun}\n${"benchmark".padEnd(28)} ${"measured".padStart(14)} ${"budget".padStart(12)}`,
  )
for (const { run } of chosen)
  for (const result of await run(executable)) {
    results.push(result)
    if (!json) console.log(row(result))
  }
if (json) console.log(JSON.stringify({ machine, results }))
process.exit(0)
