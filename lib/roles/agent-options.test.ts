import { expect, test } from "bun:test"
import { DEFAULT_LIMITS } from "#lib/agent/index.ts"
import { settingsFrom } from "#lib/std/daemon-settings.ts"
import { agentOptions } from "./agent-options.ts"
import { AGENT_SETTINGS } from "./agent-settings.ts"

const environment = { homeDir: "/home/me", env: {}, executable: "/opt/dcos" }

test("the settings' fallbacks are the machine's defaults", () => {
  const { limits } = agentOptions(settingsFrom(AGENT_SETTINGS, {}), environment)
  expect<object>({ ...DEFAULT_LIMITS, ...limits }).toEqual(DEFAULT_LIMITS)
})

test("the join token is not among the settings that others may see", () => {
  const { flags } = agentOptions(settingsFrom(AGENT_SETTINGS, { joinToken: "s" }), environment)
  expect(JSON.stringify(flags)).not.toContain("join")
})

test("others reach an agent where it listens, unless it says something else", () => {
  const address = (values: Parameters<typeof settingsFrom<typeof AGENT_SETTINGS>>[1]) => {
    const { ip, hostname } = agentOptions(settingsFrom(AGENT_SETTINGS, values), environment)
    return [ip, hostname]
  }
  expect(address({ ip: "10.1.2.3" })).toEqual(["10.1.2.3", "10.1.2.3"])
  expect(address({ ip: "10.1.2.3", advertiseIp: "1.2.3.4" })).toEqual(["1.2.3.4", "1.2.3.4"])
  expect(address({ ip: "0.0.0.0" })).toEqual(address({}))
  expect(address({ ip: "::" })).toEqual(address({}))
  expect(address({})).not.toContain("0.0.0.0")
})

test("executors have a minute to subscribe, and two seconds to do so again", () => {
  const { limits } = agentOptions(settingsFrom(AGENT_SETTINGS, {}), environment)
  expect([limits?.executorRegistrationMs, limits?.executorReturnMs]).toEqual([60_000, 2_000])
})

test("executors have 15secs at most to subscribe again", () => {
  const options = (executorReregistrationTimeout: string) =>
    agentOptions(settingsFrom(AGENT_SETTINGS, { executorReregistrationTimeout }), environment)
  expect(options("15secs").limits?.executorReturnMs).toBe(15_000)
  expect(() => options("16secs")).toThrow("must be 15secs at most")
})
