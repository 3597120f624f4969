/**
 * `npm test`: the checks, then every kind of test as a run of its own, then a line for each skipped
 * test and, last, `N passed, N failed` (`, N skipped`). Options: `--only check|unit|tidy|sim|compat|e2e`
 * runs one kind (may be repeated), `--fail-on-skip` makes a skipped test a failure (for CI).
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { buildExecutable } from "./build.ts"
import { runChecks } from "./check.ts"
import { parseJunit } from "./junit.ts"
import type { Outcome } from "./junit.ts"
import { root, seconds } from "./shell.ts"

/** One kind of test: where its files are, how long one test and the whole run may take. */
type Kind = {
  readonly name: string
  readonly files: string
  readonly options: readonly string[]
  readonly testMs: number
  readonly runMs: number
  /** Whether its tests run the compiled executable. */
  readonly executable: boolean
}

const MINUTE_MS = 60_000

const kinds: readonly Kind[] = [
  {
    name: "unit",
    files: "{lib,cmd,scripts}/**/*.test.{ts,tsx}",
    options: ["--randomize"],
    testMs: 20_000,
    runMs: 5 * MINUTE_MS,
    executable: false,
  },
  {
    name: "tidy",
    files: "test/*.test.ts",
    options: [],
    testMs: 20_000,
    runMs: 2 * MINUTE_MS,
    executable: false,
  },
  {
    name: "sim",
    files: "test/sim/**/*.test.ts",
    options: [],
    testMs: 5 * MINUTE_MS,
    runMs: 25 * MINUTE_MS,
    executable: false,
  },
  {
    name: "compat",
    files: "test/compat/**/*.test.ts",
    options: [],
    testMs: MINUTE_MS,
    runMs: 5 * MINUTE_MS,
    executable: true,
  },
  {
    name: "e2e",
    files: "test/e2e/**/*.test.ts",
    options: [],
    testMs: 3 * MINUTE_MS,
    runMs: 25 * MINUTE_MS,
    executable: true,
  },
]

const failure = (name: string): Outcome => ({ passed: 0, failed: [name], skipped: [] })

async function runKind(kind: Kind): Promise<Outcome> {
  const files = [...new Bun.Glob(kind.files).scanSync({ cwd: root })].sort()
  if (files.length === 0) {
    console.log("  none yet")
    return { passed: 0, failed: [], skipped: [] }
  }
  const environment = kind.executable
    ? { ...process.env, DCOS_EXECUTABLE: await buildExecutable() }
    : process.env
  const folder = mkdtempSync(join(tmpdir(), "dcos-test-"))
  const report = join(folder, "junit.xml")
  try {
    const child = Bun.spawn(
      [
        process.execPath,
        "test",
        "--only-failures",
        `--timeout=${kind.testMs}`,
        ...kind.options,
        "--reporter=junit",
        `--reporter-outfile=${report}`,
        ...files.map((file) => `./${file}`),
      ],
      { cwd: root, env: environment, stdin: "ignore", stdout: "inherit", stderr: "inherit" },
    )
    const limit = setTimeout(() => child.kill("SIGKILL"), kind.runMs)
    const code = await child.exited
    clearTimeout(limit)
    if (!existsSync(report))
      return failure(
        `${kind.name}: the run ended with ${child.signalCode ?? code}, without a report`,
      )
    const outcome = parseJunit(readFileSync(report, "utf8"))
    // A file that does not load fails the run, and is not in the report.
    if (code !== 0 && outcome.failed.length === 0)
      return { ...outcome, failed: [`${kind.name}: the run ended with ${code}; see its output`] }
    return outcome
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function timed(name: string, run: () => Promise<Outcome>): Promise<Outcome> {
  console.log(name)
  const start = performance.now()
  const outcome = await run().catch((cause: unknown) => failure(`${name}: ${String(cause)}`))
  const { passed, failed } = outcome
  console.log(
    `  ${passed} passed, ${failed.length} failed in ${seconds(performance.now() - start)}`,
  )
  return outcome
}

const { values } = parseArgs({
  options: { only: { type: "string", multiple: true }, "fail-on-skip": { type: "boolean" } },
})
const names = ["check", ...kinds.map((kind) => kind.name)]
for (const name of values.only ?? [])
  if (!names.includes(name)) {
    console.error(`--only ${name}: no such kind of test; there are ${names.join(", ")}`)
    process.exit(2)
  }
const wanted = (name: string): boolean => values.only?.includes(name) ?? true

const outcomes: Outcome[] = []
if (wanted("check"))
  outcomes.push(await timed("check", async () => ({ ...(await runChecks()), skipped: [] })))
for (const kind of kinds)
  if (wanted(kind.name)) outcomes.push(await timed(kind.name, () => runKind(kind)))

const failed = outcomes.flatMap((outcome) => outcome.failed)
const skipped = outcomes.flatMap((outcome) => outcome.skipped)
const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0)
for (const { name, reason } of skipped) console.log(`skipped  ${name}: ${reason}`)
for (const name of failed) console.log(`FAILED   ${name}`)
if (values["fail-on-skip"] === true && skipped.length > 0)
  console.log("Skipped tests count as a failure here (--fail-on-skip).")
console.log(
  `${passed} passed, ${failed.length} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}`,
)
process.exit(failed.length > 0 || (values["fail-on-skip"] === true && skipped.length > 0) ? 1 : 0)
