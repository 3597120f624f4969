import { expect, test } from "bun:test"
import type { Group, LazyCommand } from "#lib/cli/index.ts"
import { table } from "./table.ts"

/** All commands by their words; what is hidden stands elsewhere or is not there yet. */
function commandsOf(group: Group, path: readonly string[] = []): [string, LazyCommand][] {
  return Object.entries(group.commands).flatMap(([word, entry]): [string, LazyCommand][] => {
    if (entry.hidden === true) return []
    const words = [...path, word]
    return entry.kind === "group" ? commandsOf(entry, words) : [[words.join(" "), entry]]
  })
}

const commands = commandsOf(table.root)
const files = [...new Bun.Glob("**/*.ts").scanSync(import.meta.dir)].filter(
  (path) => !/\.test\.ts$|^(?:main|table)\.ts$/.test(path),
)

test.each(commands)("`dcos %s` is the module of that path", async (path, entry) => {
  const module = (await import(`./${path.replaceAll(" ", "/")}.ts`)) as { command: unknown }
  expect((await entry.load()).command).toBe(module.command as never)
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
