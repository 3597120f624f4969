/** Plants one violation per rule in a copy of the lint settings and expects oxlint to find it. */
import { afterAll, beforeAll, expect, test } from "bun:test"
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

const root = join(import.meta.dir, "..")

/** What is planted: the file it stands in, its text, and the rule that must speak up (or nothing). */
type Plant = { readonly file: string; readonly text: string; readonly rule?: string }

const promise = "const late = async (): Promise<number> => await Promise.resolve(1)\n"
const imports = (specifier: string): string => `export { x } from "${specifier}"\n`
const refused = (file: string, specifier: string): Plant => ({
  file,
  text: imports(specifier),
  rule: "no-restricted-imports",
})
const allowed = (file: string, specifier: string): Plant => ({ file, text: imports(specifier) })

const refusals: readonly Plant[] = [
  refused("lib/std/a.ts", "#lib/mesos/index.ts"),
  refused("lib/schema/a.ts", "hono"),
  refused("lib/mesos/a.ts", "#lib/ports/index.ts"),
  refused("lib/mesos/b.ts", "typebox"),
  refused("lib/mesos/codec/c.ts", "protobufjs/light.js"),
  refused("lib/ports/a.ts", "#lib/runtime/index.ts"),
  refused("lib/runtime/a.ts", "#lib/mesos/index.ts"),
  refused("lib/marathon/a.ts", "#lib/master/index.ts"),
  refused("lib/marathon/b.ts", "../master/index.ts"),
  refused("lib/marathon/c.ts", "#lib/mesos/v1/core.ts"),
  refused("lib/marathon/d.ts", "node:fs"),
  refused("lib/marathon/e.ts", "#lib/io/index.ts"),
  refused("lib/marathon/core/a.ts", "#lib/marathon/http.ts"),
  refused("lib/marathon/core/b.ts", "#lib/schema/index.ts"),
  refused("lib/marathon/core/c.ts", "hono"),
  refused("lib/marathon/core/d.ts", "node:crypto"),
  refused("lib/master/a.ts", "#lib/agent/index.ts"),
  refused("lib/master/core/allocator/eligibility.ts", "re2js"),
  refused("lib/agent/core/a.ts", "#lib/io/index.ts"),
  refused("lib/cosmos/a.ts", "#lib/marathon/index.ts"),
  refused("lib/discovery/a.ts", "#lib/overlay/index.ts"),
  refused("lib/io/a.ts", "#lib/master/index.ts"),
  refused("lib/io/b.ts", "consola"),
  refused("lib/client/a.ts", "#lib/io/index.ts"),
  refused("lib/cli/a.ts", "#lib/client/index.ts"),
  refused("lib/router/a.ts", "#lib/io/index.ts"),
  refused("lib/gui/a.ts", "#lib/cosmos/index.ts"),
  refused("lib/sim/a.ts", "#lib/io/index.ts"),
  refused("lib/roles/a.ts", "#lib/cli/index.ts"),
  refused("lib/roles/b.ts", "#lib/master/core/state.ts"),
  refused("cmd/a.ts", "#lib/master/index.ts"),
  refused("cmd/b.ts", "node:fs"),
  {
    file: "lib/master/late.ts",
    text: 'export const late = (): Promise<unknown> => import("#lib/agent/index.ts")\n',
    rule: "no-restricted-imports",
  },
  ...["Date.now()", "setTimeout(print, 1)", "fetch('/')", "process.env", "Bun.version"].map(
    (use, index): Plant => ({
      file: `lib/master/core/global-${index}.ts`,
      text: `declare const print: () => void\nexport const y: unknown = ${use}\nexport const z = print\n`,
      rule: "no-restricted-globals",
    }),
  ),
  {
    file: "lib/agent/core/random.ts",
    text: "export const y = Math.random()\n",
    rule: "no-restricted-properties",
  },
  {
    file: "lib/agent/core/locale.ts",
    text: 'export const y = "a".localeCompare("b")\n',
    rule: "no-restricted-properties",
  },
  { file: "lib/agent/core/print.ts", text: 'console.log("x")\n', rule: "no-console" },
  { file: "lib/client/print.ts", text: 'console.log("x")\n', rule: "no-console" },
  {
    file: "lib/client/platform.ts",
    text: "export const y = Bun.version\n",
    rule: "no-restricted-globals",
  },
  { file: "lib/io/tick.ts", text: "setInterval(() => {}, 1)\n", rule: "no-restricted-globals" },
  { file: "lib/io/float.ts", text: `${promise}late()\n`, rule: "no-floating-promises" },
  {
    file: "lib/io/misuse.ts",
    text: `${promise}export const y = late() ? 1 : 2\n`,
    rule: "no-misused-promises",
  },
  {
    file: "lib/io/callback.ts",
    text: `${promise};[1].forEach(async () => { await late() })\n`,
    rule: "no-misused-promises",
  },
  {
    file: "lib/io/any.ts",
    text: "export const y = (x: any): unknown => x\n",
    rule: "no-explicit-any",
  },
  {
    file: "lib/io/flow.ts",
    text: 'export const y: { a: number } = JSON.parse("{}")\n',
    rule: "no-unsafe-assignment",
  },
  {
    file: "lib/io/bang.ts",
    text: "export const y = (x?: number): number => x!\n",
    rule: "no-non-null-assertion",
  },
  { file: "lib/io/loose.ts", text: "export const y = (x: number) => x == 1\n", rule: "eqeqeq" },
  {
    file: "lib/io/switch.ts",
    text: 'export function y(x: "a" | "b"): void {\n  switch (x) {\n    case "a":\n      y(x)\n  }\n}\n',
    rule: "switch-exhaustiveness-check",
  },
  { file: "lib/io/default.ts", text: "export default 1\n", rule: "no-default-export" },
  {
    file: "lib/io/long.ts",
    text: `export function y(x: number[]): void {\n${"  x.push(1)\n".repeat(71)}}\n`,
    rule: "max-lines-per-function",
  },
  {
    file: "lib/io/unhelped.ts",
    text: "// oxlint-disable-next-line eqeqeq\nexport const y = 1\n",
    rule: "Unused",
  },
]

const permissions: readonly Plant[] = [
  allowed("lib/std/ok.ts", "#lib/std/y.ts"),
  allowed("lib/master/ok.ts", "#lib/runtime/index.ts"),
  allowed("lib/master/ok2.ts", "./core/x.ts"),
  allowed("lib/master/ok3.ts", "#lib/master/core/x.ts"),
  allowed("lib/master/ok4.ts", "hono/streaming"),
  allowed("lib/master/core/ok.ts", "#lib/mesos/index.ts"),
  allowed("lib/master/core/ok2.ts", "#lib/std/result.ts"),
  allowed("lib/schema/ok.ts", "typebox/compile"),
  allowed("lib/io/ok.ts", "node:fs/promises"),
  allowed("lib/io/ok2.ts", "bun:sqlite"),
  allowed("lib/marathon/core/ok.ts", "../model/index.ts"),
  allowed("lib/roles/ok.ts", "#lib/io/index.ts"),
  allowed("lib/sim/ok.ts", "#lib/master/index.ts"),
  allowed("lib/cli/ok.ts", "#lib/std/result.ts"),
  allowed("cmd/task/ok.ts", "#lib/cli/index.ts"),
  { file: "cmd/task/list.ts", text: "export default 1\n" },
  allowed("lib/master/core/ok.test.ts", "bun:test"),
  { file: "lib/io/iso.ts", text: "export const y = new Date().toISOString()\n" },
]

let folder = ""
let findings = ""

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dcos-lint-"))
  for (const name of [".oxlintrc.json", "tsconfig.json", "package.json"])
    cpSync(join(root, name), join(folder, name))
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"))
  for (const { file, text } of [...refusals, ...permissions]) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  const oxlint = join(root, "node_modules/.bin/oxlint")
  findings = Bun.spawnSync([oxlint, "--format", "unix", "cmd", "lib"], {
    cwd: folder,
  }).stdout.toString()
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const findingsIn = (file: string): string[] =>
  findings.split("\n").filter((line) => line.startsWith(`${file}:`))

test.each([...refusals])("$rule refuses $file: $text", ({ file, rule }) => {
  expect(findingsIn(file).join("\n")).toContain(rule ?? "")
})

test.each([...permissions])("accepts $file: $text", ({ file }) => {
  expect(findingsIn(file)).toEqual([])
})
