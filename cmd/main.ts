import manifest from "#package.json" with { type: "json" }
import { runCommandLine } from "#lib/cli/index.ts"
import { createTerminal } from "#lib/io/terminal.ts"
import { table } from "./table.ts"

const exitCode = await runCommandLine(
  table,
  process.argv.slice(2),
  createTerminal(manifest.version),
)
process.exit(exitCode)
