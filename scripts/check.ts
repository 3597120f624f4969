/** `npm run check`: lint, format, types and generated files; each is reported by name with its time. */
import { capture, seconds, tool } from "./shell.ts"

/** One static check and what mends its findings. */
type Check = { readonly name: string; readonly command: readonly string[]; readonly mend: string }

const checks: readonly Check[] = [
  { name: "lint", command: [tool("oxlint")], mend: "mend what it names (.oxlintrc.json says why)" },
  { name: "format", command: [tool("oxfmt"), "--check"], mend: "npm run format" },
  { name: "types", command: [tool("tsc"), "-p", "."], mend: "mend what it names" },
  {
    name: "generated",
    command: [process.execPath, "scripts/generate.ts", "--check"],
    mend: "npm run generate",
  },
]

/** Runs all checks, prints a line for each, and returns the names of those that failed. */
export async function runChecks(): Promise<{
  readonly passed: number
  readonly failed: readonly string[]
}> {
  const failed: string[] = []
  for (const { name, command, mend } of checks) {
    const { code, output, ms } = await capture(command)
    console.log(`  ${name.padEnd(10)} ${code === 0 ? "passed" : "FAILED"}  ${seconds(ms)}`)
    if (code === 0) continue
    failed.push(`check: ${name}`)
    console.log(`${output}\n  -> ${mend}`)
  }
  return { passed: checks.length - failed.length, failed }
}

if (import.meta.main) {
  const { failed } = await runChecks()
  process.exit(failed.length === 0 ? 0 : 1)
}
