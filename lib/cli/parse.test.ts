import { describe, expect, test } from "bun:test"
import { argument, flag, integer, list, optionalArgument, restArguments, text } from "./command.ts"
import { parseLine } from "./parse.ts"

const show = {
  input: {
    id: argument("app-id"),
    instances: optionalArgument("instances"),
    json: flag("Print in JSON format."),
    quiet: flag("Print ids.", { short: "q" }),
    appVersion: text("V", "Version.", { short: "a" }),
    lines: integer("N", "Lines."),
    field: list("F", "Field."),
  },
}

const update = { input: { id: argument("id"), properties: restArguments("key=value") } }
const exec = {
  flagsFirst: true,
  input: { ...update.input, tty: flag("Terminal.", { short: "t" }) },
}

describe("parseLine", () => {
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
  ])("takes `$line`", ({ line, values }) => {
    const parsed = parseLine(show, line.split(" "))
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
    { line: "a b c", error: "accepts between 1 and 2 arg(s), received 3" },
  ])("refuses `$line`", ({ line, error }) => {
    expect(parseLine(show, line.split(" "))).toEqual({ ok: false, error })
  })

  test("counts the arguments of commands that take the rest", () => {
    expect(parseLine(update, [])).toEqual({
      ok: false,
      error: "requires at least 1 arg(s), only received 0",
    })
    expect(parseLine(update, ["x", "a=1", "b=2"])).toMatchObject({
      value: { values: { id: "x", properties: ["a=1", "b=2"] } },
    })
  })

  test("leaves flags after the first argument to what is run", () => {
    expect(parseLine(exec, ["-t", "x", "ls", "-l", "--help"])).toMatchObject({
      value: { values: { tty: true, id: "x", properties: ["ls", "-l", "--help"] } },
    })
  })

  test("help wins wherever it stands", () => {
    expect(parseLine(show, ["x", "-h"])).toEqual({ ok: true, value: { kind: "help" } })
  })
})
