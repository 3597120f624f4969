/** What the scripts share: where things are, and how to run a tool. */
import { join } from "node:path"

/** The repository's root folder. */
export const root = join(import.meta.dir, "..")

/** The file of a tool that npm installed, such as oxlint. */
export const tool = (name: string): string => join(root, "node_modules/.bin", name)

/** How a command ended: its exit code, what it wrote (both streams), and how long it took. */
export type Ran = { readonly code: number; readonly output: string; readonly ms: number }

/** Runs a command in the root folder without input and keeps its output. */
export async function capture(command: readonly string[]): Promise<Ran> {
  const start = performance.now()
  const child = Bun.spawn([...command], {
    cwd: root,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  })
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { code, output: `${out}${err}`.trimEnd(), ms: performance.now() - start }
}

/** A duration as people read it: "0.4 s". */
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
