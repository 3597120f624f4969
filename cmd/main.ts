import manifest from "#package.json" with { type: "json" }
import { runCommandLine } from "#lib/cli/index.ts"
import { createTerminal } from "#lib/io/terminal.ts"
import { table } from "./table.ts"

const terminal = createTerminal(manifest.version)
const exitCode = await runCommandLine(table, process.argv.slice(2), terminal)
await terminal.finish()
process.exit(exitCode)
