import { expect, test } from "bun:test"
import { parseGlobalFlags } from "./global-flags.ts"

test.each([
  ["", "", 0],
  ["-v", "", 1],
  ["-vv node", "", 2],
  ["-v -v", "", 2],
  ["-vvv", "", 2],
  ["--debug", "", 2],
  ["--log-level=info", "", 1],
  ["--log-level debug node", "", 2],
  ["--log-level=error", "", 0],
  ["", "1", 1],
  ["-v", "2", 1],
  ["", "loud", 0],
])("`dcos %s` with DCOS_VERBOSITY=%j has verbosity %i", (line, level, verbosity) => {
  const words = line.split(" ").filter((word) => word !== "")
  expect(parseGlobalFlags(words, { DCOS_VERBOSITY: level })).toMatchObject({
    verbosity,
    refusal: undefined,
  })
})

test("end at the command's name", () => {
  expect(parseGlobalFlags(["--help", "node", "list", "--version", "-v"], {})).toMatchObject({
    help: true,
    version: false,
    verbosity: 0,
    rest: ["node", "list", "--version", "-v"],
  })
})

test.each([
  ["--bad node", "unknown flag: --bad"],
  ["-vx", "unknown shorthand flag: 'x' in -vx"],
  ["--log-level", "flag needs an argument: --log-level"],
])("refuses `%s`", (line, refusal) => {
  expect(parseGlobalFlags(line.split(" "), {})).toMatchObject({ refusal })
})
