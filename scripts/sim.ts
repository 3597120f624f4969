/**
 * `npm run sim`: simulates clusters under faults, in virtual time. `--seed N` replays one seed exactly,
 * `--seeds A..B` runs many, on all cores unless `--threads T` says how many; `--minutes M` of faults on `--agents K` nodes; `--trace L` prints the last L
 * lines of what happened. Without a seed it draws a new one after another until one fails (Ctrl-C ends
 * it). A failure prints the rule that was broken, the end of the trace and the command that repeats it.
 */
import { drainMicrotasks } from "bun:jsc"
import { availableParallelism } from "node:os"
import { parseArgs } from "node:util"
import { simulate, type Report } from "#lib/sim/index.ts"
import { root } from "./shell.ts"
import { SimPool } from "./sim-pool.ts"

function refuse(message: string): never {
  console.error(message)
  process.exit(2)
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        seed: { type: "string" },
        seeds: { type: "string" },
        minutes: { type: "string", default: "3" },
        agents: { type: "string", default: "3" },
        trace: { type: "string" },
        threads: { type: "string", default: String(availableParallelism()) },
      },
    }).values
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    return refuse(
      `${why}\nusage: npm run sim -- [--seed N | --seeds A..B] [--minutes M] [--agents K] [--trace L] [--threads T]`,
    )
  }
}

const values = readArguments()

function numberOf(name: "seed" | "minutes" | "agents" | "trace" | "threads", text: string): number {
  const number = Number(text)
  if (text.trim() === "" || !Number.isFinite(number) || number < 0)
    refuse(`--${name} ${text}: a number is wanted, such as --${name} 10`)
  return number
}

const minutes = numberOf("minutes", values.minutes)
const agents = numberOf("agents", values.agents)
const threads = Math.max(1, numberOf("threads", values.threads))
const lines = values.trace === undefined ? undefined : numberOf("trace", values.trace)

function* seeds(): Iterable<number> {
  if (values.seed !== undefined) return yield numberOf("seed", values.seed)
  if (values.seeds === undefined) for (let seed = Date.now() >>> 0; ; seed++) yield seed
  const [, first, last] = /^(\d+)\.\.(\d+)$/.exec(values.seeds) ?? []
  if (first === undefined || last === undefined)
    refuse(`--seeds ${values.seeds}: a range is wanted, such as --seeds 1..300`)
  for (let seed = Number(first); seed <= Number(last); seed++) yield seed
  return undefined
}

const started = performance.now()
const totals = { runs: 0, events: 0, virtualMs: 0, marks: new Map<string, number>() }

function count(report: Report): void {
  totals.runs++
  totals.events += report.events
  totals.virtualMs += report.virtualMs
  for (const [mark, times] of report.marks)
    totals.marks.set(mark, (totals.marks.get(mark) ?? 0) + times)
}

function summary(): void {
  const seconds = (performance.now() - started) / 1000
  const perSecond = Math.round(totals.events / seconds).toLocaleString("en-US")
  const speed = Math.round(totals.virtualMs / 1000 / seconds).toLocaleString("en-US")
  console.log(`
${totals.runs} runs, ${totals.events.toLocaleString("en-US")} events in ${seconds.toFixed(1)} s: \
${perSecond} events/s, ${speed} virtual seconds per second`)
  for (const [mark, times] of totals.marks)
    console.log(`  ${mark.padEnd(32)} ${String(times).padStart(9)}`)
}

function tellFailure(report: Report): void {
  const { violation, seed } = report
  const commit = Bun.spawnSync(["git", "rev-parse", "--short", "HEAD"], { cwd: root })
  console.log(`
seed ${seed} broke: ${violation?.invariant}
  ${violation?.detail}
  at ${(report.virtualMs / 1000).toFixed(3)} s, after ${report.events} events, commit ${commit.stdout.toString().trim()}
  faults: ${JSON.stringify(report.swarm)}
  again: npm run sim -- --seed ${seed} --minutes ${minutes} --agents ${agents}`)
}

process.once("SIGINT", () => {
  summary()
  process.exit(130)
})

/** The reports of all seeds, in the order of the seeds. */
async function* reports(): AsyncIterable<Report> {
  const options = { minutes, agents, traceLines: lines }
  if (threads === 1 || values.seed !== undefined) {
    for (const seed of seeds()) yield simulate({ ...options, seed, settle: drainMicrotasks })
    return
  }
  const pool = new SimPool(threads)
  const running: Promise<Report>[] = []
  for (const seed of seeds()) {
    running.push(pool.run({ ...options, seed }))
    const first = running.length > threads ? running.shift() : undefined
    if (first !== undefined) yield await first
  }
  for (const report of running) yield await report
  pool.close()
}

let failures = 0
for await (const report of reports()) {
  const { seed } = report
  count(report)
  const failed = report.violation !== undefined
  const tail = lines ?? (failed && values.seeds === undefined ? 60 : 0)
  if (tail > 0) console.log(report.tail.slice(-tail).join("\n"))
  if (values.seeds === undefined || failed)
    console.log(
      `seed ${seed}: ${failed ? "FAILED" : `ok, at rest after ${report.restMs / 1000} s`}, \
${report.events} events, ${report.tasks} tasks, trace ${report.hash}`,
    )
  if (!failed) continue
  failures++
  tellFailure(report)
  if (values.seeds === undefined) break
}
summary()
if (failures > 0) console.log(`${failures} of ${totals.runs} seeds failed`)
process.exit(failures > 0 ? 1 : 0)
