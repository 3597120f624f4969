/**
 * `npm run generate` rewrites every generated file; with `-- --check` it changes nothing and fails
 * when one is stale. A generator is a script that takes the same option.
 */
import { capture } from "./shell.ts"

const generators = [
  "scripts/generate-completions.ts",
  "scripts/generate-lock.ts",
  "scripts/generate-v1.ts",
]

let stale = false
for (const generator of generators) {
  const { code, output } = await capture([process.execPath, generator, ...process.argv.slice(2)])
  if (output !== "") console.log(output)
  stale ||= code !== 0
}
process.exit(stale ? 1 : 0)
