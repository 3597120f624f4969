import { expect, test } from "bun:test"
import { isGroup, type Group, type LazyCommand } from "#lib/cli/index.ts"
import { importsOf } from "../test/tidy-rules.ts"
import { table } from "./table.ts"

/** All commands by their words; what is hidden stands elsewhere or is not there yet. */
function commandsOf(group: Group, path: readonly string[] = []): [string, LazyCommand][] {
  return Object.entries(group.subCommands).flatMap(([word, entry]): [string, LazyCommand][] => {
    if (entry.meta.hidden === true) return []
    const words = [...path, word]
    return isGroup(entry) ? commandsOf(entry, words) : [[words.join(" "), entry]]
  })
}

const commands = commandsOf(table.root)
const files = [...new Bun.Glob("**/*.ts").scanSync(import.meta.dir)].filter(
  (path) => !/\.test\.ts$|^(?:main|table)\.ts$/.test(path),
)

test.each(commands)("`dcos %s` is the module of that path", async (path, entry) => {
  const module = (await import(`./${path.replaceAll(" ", "/")}.ts`)) as { command: unknown }
  expect(await entry()).toBe(module.command as never)
})

test("every module is reached from the table", async () => {
  const text = await Bun.file(`${import.meta.dir}/table.ts`).text()
  const reached = new Set([...text.matchAll(/import\("\.\/([^"]+)"\)/g)].map((match) => match[1]))
  expect(files.filter((path) => !reached.has(path))).toEqual([])
})

test("no command module loads another", async () => {
  for (const path of files) {
    const text = await Bun.file(`${import.meta.dir}/${path}`).text()
    const imports = [...text.matchAll(/^} ?from "(.*)"|^import .* from "(.*)"/gm)]
    expect(
      imports.map((match) => match[1] ?? match[2]).filter((from) => from?.startsWith(".")),
    ).toEqual([])
  }
})

/** Files that are loaded with a file: its static imports, and theirs. Packages stand by their name. */
async function loadedWith(path: string, seen = new Set<string>()): Promise<Set<string>> {
  if (seen.has(path)) return seen
  seen.add(path)
  if (!path.endsWith(".ts")) return seen
  const text = await Bun.file(`${import.meta.dir}/../${path}`).text()
  const imports = importsOf(path, text.replaceAll(/\bimport\(/g, "lazily("))
  for (const { target, typeOnly } of imports) if (!typeOnly) await loadedWith(target, seen)
  return seen
}

/** Commands that are servers, or work for one, and load what servers need. */
const SERVERS = new Set(["agent.ts", "hello.ts", "master.ts", "unpack-layer.ts", "up.ts"])

test.each(["main.ts", ...files.filter((path) => !SERVERS.has(path))])(
  "a start with %s loads only what the client needs",
  async (path) => {
    const loaded = [...(await loadedWith(`cmd/${path}`))]
    const allowed =
      /^cmd\/|^lib\/(?:cli|client|std)\/|^lib\/io\/terminal\.ts$|^citty$|^consola\/core$|^#package\.json$/
    expect(loaded.filter((file) => !allowed.test(file))).toEqual([])
  },
)
