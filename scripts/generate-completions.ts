/**
 * Writes completions/dcos.{bash,fish,zsh} from the command table; with `--check` it changes nothing
 * and fails when one is stale.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { table } from "../cmd/table.ts"
import { renderCompletion, SHELLS } from "../lib/cli/index.ts"
import { root } from "./shell.ts"

const folder = join(root, "completions")
mkdirSync(folder, { recursive: true })

const stale: string[] = []
for (const shell of SHELLS) {
  const path = join(folder, `dcos.${shell}`)
  const text = (await renderCompletion(shell, table.root)) ?? ""
  if (!process.argv.includes("--check")) writeFileSync(path, text)
  else if (!existsSync(path) || readFileSync(path, "utf8") !== text) stale.push(path)
}
if (stale.length > 0) {
  console.error(`stale: ${stale.join(", ")}; run npm run generate`)
  process.exit(1)
}
