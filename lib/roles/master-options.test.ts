import { expect, test } from "bun:test"
import { DEFAULT_LIMITS, DEFAULT_TIMINGS } from "#lib/master/index.ts"
import { settingsFrom } from "#lib/std/daemon-settings.ts"
import { masterOptions } from "./master-options.ts"
import { MASTER_SETTINGS } from "./master-settings.ts"

const environment = { homeDir: "/home/me", env: {} }

const given = (values: Parameters<typeof settingsFrom<typeof MASTER_SETTINGS>>[1]) =>
  masterOptions(settingsFrom(MASTER_SETTINGS, values), environment)

test("others reach a master where it listens, unless it says something else", () => {
  expect(given({ ip: "10.1.2.3" })).toMatchObject({ ip: "10.1.2.3", hostname: "10.1.2.3" })
  expect(given({ ip: "10.1.2.3", advertiseIp: "1.2.3.4" })).toMatchObject({ ip: "1.2.3.4" })
})

test("the settings' fallbacks are the machine's defaults", () => {
  const { machine } = given({})
  expect<object>({ ...DEFAULT_TIMINGS, ...machine.timings }).toEqual(DEFAULT_TIMINGS)
  expect<object>({ ...DEFAULT_LIMITS, ...machine.limits }).toEqual(DEFAULT_LIMITS)
})

test("as many may read the operators' events as with Mesos, unless told otherwise", () => {
  expect(given({}).watchesMax).toBe(1000)
  expect(given({ maxOperatorEventStreamSubscribers: "2" }).watchesMax).toBe(2)
  const none = () => given({ maxOperatorEventStreamSubscribers: "0" })
  expect(none).toThrow("--max-operator-event-stream-subscribers 0")
})

test("roles, weights and domain reach the machine", () => {
  const options = given({
    roles: "prod,dev",
    weights: "prod=2,dev=0.5",
    domain: '{"fault_domain":{"region":{"name":"eu"},"zone":{"name":"a"}}}',
  })
  expect(options.machine.roles).toEqual(["prod", "dev"])
  expect(options.machine.weights).toEqual({ prod: 2, dev: 0.5 })
  expect(options.domain).toEqual({ faultDomain: { region: { name: "eu" }, zone: { name: "a" } } })
})

test.each([
  [{ weights: "prod" }, "--weights prod: 'prod' must be a role and a number above 0"],
  [{ domain: '{"fault_domain":{}}' }, "--domain"],
  [{ port: "0" }, "--port 0: must be between 1 and 65535"],
  [{ logLevel: "loud" }, "--log-level loud: must be one of debug, info, warn, error"],
] as const)("%j is refused by name", (values, message) => {
  expect(() => given(values)).toThrow(message)
})
