import { describe, expect, test } from "bun:test"
import { settingsFrom } from "#lib/std/daemon-settings.ts"
import { AGENT_SETTINGS } from "./agent-settings.ts"
import { executorOptions } from "./executor-options.ts"

const options = (given: Readonly<Record<string, string>> = {}) =>
  executorOptions(settingsFrom(AGENT_SETTINGS, given), "/work")

test("executors need no token and have no socket unless the operator says so", () => {
  expect(options()).toEqual({ requireTokens: false })
  expect(options({ domainSocketLocation: "/run/x.sock" })).toEqual({ requireTokens: false })
  expect(options({ authenticateHttpExecutors: "true", jwtSecretKey: "/key" })).toEqual({
    requireTokens: true,
    tokenKeyFile: "/key",
  })
})

describe("the socket of executors", () => {
  const at = (domainSocketLocation?: string) =>
    options({
      httpExecutorDomainSockets: "true",
      ...(domainSocketLocation === undefined ? {} : { domainSocketLocation }),
    }).domainSocket

  test("lies in the work directory, or where the operator wants it", () => {
    expect([at(), at("/run/agent.sock")]).toEqual(["/work/agent.sock", "/run/agent.sock"])
  })

  test.each([
    ["agent.sock", "no absolute path"],
    [`/${"a".repeat(107)}`, "longer than the 107 bytes"],
    ["systemd:agent", "not taken over from systemd"],
  ])("cannot be %s", (path, why) => expect(() => at(path)).toThrow(why))
})

describe("variables for executors", () => {
  const given = (executorEnvironmentVariables: string) =>
    options({ executorEnvironmentVariables }).environment

  test("are a JSON object of strings", () => {
    expect(given('{"PATH":"/bin","EMPTY":""}')).toEqual({ PATH: "/bin", EMPTY: "" })
  })

  test.each(["[]", '"x"', '{"A":1}', '{"":"x"}', '{"A=B":"x"}', "{", '{"A":"\\u0000"}'])(
    "are refused as %s",
    (text) => expect(() => given(text)).toThrow("--executor-environment-variables"),
  )
})
