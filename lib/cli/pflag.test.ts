import { describe, expect, test } from "bun:test"
import { runCommand } from "citty"
import {
  argument,
  defineCommand,
  flag,
  integer,
  list,
  optionalArgument,
  restArguments,
  text,
} from "./command.ts"
import { readLine } from "./pflag.ts"

const show = {
  input: {
    id: argument("app-id"),
    instances: optionalArgument("instances"),
    json: flag("Print in JSON format."),
    quiet: flag("Print ids.", { alias: "q" }),
    appVersion: text("V", "Version.", { alias: "a" }),
    lines: integer("N", "Lines."),
    noCheck: flag("Trust."),
    field: list("F", "Field."),
  },
}

const update = { input: { id: argument("id"), properties: restArguments("key=value") } }
const exec = {
  flagsFirst: true,
  input: { ...update.input, tty: flag("Terminal.", { alias: "t" }) },
}

type Parsed = Parameters<typeof defineCommand>[0]

/** What a command with this input is run with, or why it is not. */
async function parse(shape: Omit<Parsed, "run">, words: readonly string[]) {
  let values: unknown
  const run = async (_: unknown, given: unknown) => void (values = given)
  const command = defineCommand({ ...shape, run })
  const line = readLine(command, words)
  if (!line.ok || line.value.kind === "help") return line
  await runCommand(command, { rawArgs: [...line.value.rawArgs] })
  return { ok: true, value: { kind: "run", values } }
}

describe("a command line", () => {
  test.each([
    { line: "x", values: { id: "x", json: false, field: [], lines: undefined } },
    { line: "x 3 --json", values: { instances: "3", json: true } },
    { line: "--json=false x", values: { id: "x", json: false } },
    { line: "--app-version=-1 x", values: { appVersion: "-1" } },
    { line: "x --app-version v", values: { appVersion: "v" } },
    { line: "x -a=v -q", values: { appVersion: "v", quiet: true } },
    { line: "-qav x", values: { appVersion: "v", quiet: true } },
    { line: "--lines -5 x", values: { lines: -5 } },
    { line: "x --field a --field=b", values: { field: ["a", "b"] } },
    { line: "-- --json", values: { id: "--json", json: false } },
    { line: "x --no-check", values: { noCheck: true } },
    { line: "x --app-version --no-check", values: { appVersion: "--no-check", noCheck: false } },
    { line: "x --app-version=", values: { appVersion: "" } },
    { line: "x -- --no-check", values: { instances: "--no-check", noCheck: false } },
  ])("takes `$line`", async ({ line, values }) => {
    const parsed = await parse(show, line.split(" "))
    expect(parsed).toMatchObject({ ok: true, value: { kind: "run", values } })
  })

  test.each([
    { line: "--bad x", error: "unknown flag: --bad" },
    { line: "x -v", error: "unknown shorthand flag: 'v' in -v" },
    { line: "x --lines", error: "flag needs an argument: --lines" },
    { line: "x -a", error: "flag needs an argument: 'a' in -a" },
    {
      line: "x --lines many",
      error: `invalid argument "many" for "--lines" flag: strconv.ParseInt: parsing "many": invalid syntax`,
    },
    { line: "x --check", error: "unknown flag: --check" },
    { line: "x --no-json", error: "unknown flag: --no-json" },
    {
      line: "x --quiet=maybe",
      error: `invalid argument "maybe" for "-q, --quiet" flag: strconv.ParseBool: parsing "maybe": invalid syntax`,
    },
    { line: "a b c", error: "accepts between 1 and 2 arg(s), received 3" },
  ])("refuses `$line`", async ({ line, error }) => {
    expect(await parse(show, line.split(" "))).toEqual({ ok: false, error })
  })

  test.each(["--old_flag=1", "--old-flag 1"])("says why a flag is not taken: %s", async (line) => {
    const refusedFlags = { old_flag: "nobody needs it" }
    const name = line.slice(0, "--old_flag".length)
    expect(await parse({ ...show, refusedFlags }, line.split(" "))).toEqual({
      ok: false,
      error: `${name} is not supported: nobody needs it`,
    })
  })

  test("counts the arguments of commands that take the rest", async () => {
    expect(await parse(update, [])).toEqual({
      ok: false,
      error: "requires at least 1 arg(s), only received 0",
    })
    expect(await parse(update, ["x", "a=1", "b=2"])).toMatchObject({
      value: { values: { id: "x", properties: ["a=1", "b=2"] } },
    })
  })

  test("leaves flags after the first argument to what is run", async () => {
    expect(await parse(exec, ["-t", "x", "ls", "-l", "--help"])).toMatchObject({
      value: { values: { tty: true, id: "x", properties: ["ls", "-l", "--help"] } },
    })
  })

  test("help wins wherever it stands", async () => {
    expect(await parse(show, ["x", "-h"])).toEqual({ ok: true, value: { kind: "help" } })
  })
})
