import { expect, test } from "bun:test"
import { DaemonSettings, SettingError, settingsFrom, snakeCase } from "./daemon-settings.ts"

const TABLE = {
  pingTimeout: { hint: "duration", help: "", fallback: "15secs" },
  offerTimeout: { hint: "duration", help: "" },
  port: { hint: "port", help: "", fallback: "5050" },
  factor: { hint: "share", help: "", fallback: "0.8" },
  roles: { hint: "names", help: "" },
  domain: { hint: "json", help: "" },
  strict: { help: "", fallback: "true" },
  token: { hint: "token", help: "", secret: true },
} as const

const given = (values: Parameters<typeof settingsFrom<typeof TABLE>>[1]) =>
  settingsFrom(TABLE, values)

test("names are spelled as Mesos spells them", () => {
  expect(snakeCase("maxAgentPingTimeouts")).toBe("max_agent_ping_timeouts")
})

test("reads each kind of value, and the fallback when nothing is given", () => {
  const settings = given({ offerTimeout: "2mins", factor: "50%", roles: "a, b,", domain: "[1]" })
  expect(settings.duration("pingTimeout")).toBe(15_000)
  expect(settings.optionalDuration("offerTimeout")).toBe(120_000)
  expect(given({}).optionalDuration("offerTimeout")).toBeUndefined()
  expect(settings.count("port", 1, 65_535)).toBe(5_050)
  expect(settings.share("factor")).toBe(0.5)
  expect(settings.list("roles")).toEqual(["a", "b"])
  expect(settings.json("domain")).toEqual([1])
  expect(settings.on("strict")).toBe(true)
  expect(given({ strict: "false" }).on("strict")).toBe(false)
})

test.each([
  ["pingTimeout", "soon", (s: Settings) => s.duration("pingTimeout"), "'soon' is no duration"],
  ["port", "70000", (s: Settings) => s.count("port", 1, 65_535), "must be between 1 and 65535"],
  ["port", "-1", (s: Settings) => s.count("port"), "must be a whole number, at least 0"],
  ["factor", "120%", (s: Settings) => s.share("factor"), "must be a share between 0 and 1"],
  ["strict", "maybe", (s: Settings) => s.on("strict"), "must be true or false"],
  ["domain", "{", (s: Settings) => s.json("domain"), "is no JSON"],
  ["roles", "x", (s: Settings) => s.oneOf("roles", ["a", "b"]), "must be one of a, b"],
] as const)("%s %s is refused by name", (key, value, read, why) => {
  const settings = given({ [key]: value })
  expect(() => read(settings)).toThrow(SettingError)
  expect(() => read(settings)).toThrow(`--${snakeCase(key).replaceAll("_", "-")} ${value}: ${why}`)
})

test("a refusal shows nothing of a secret", () => {
  const settings = given({ token: "s3cret" })
  expect(() => settings.json("token")).toThrow(/^--token \(secret\): is no JSON$/)
})

type Settings = DaemonSettings<typeof TABLE>

test("a refusal says where the value stands", () => {
  const origin = "ping_timeout in /etc/dcos/master.toml"
  const settings = new DaemonSettings(TABLE, new Map([["pingTimeout", { value: "x", origin }]]))
  expect(() => settings.duration("pingTimeout")).toThrow(`${origin}: 'x' is no duration`)
})

test("shows every setting in effect but secrets", () => {
  expect(given({ token: "s3cret", roles: "a" }).inEffect()).toEqual({
    ping_timeout: "15secs",
    port: "5050",
    factor: "0.8",
    roles: "a",
    strict: "true",
  })
})
