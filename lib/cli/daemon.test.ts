import { expect, test } from "bun:test"
import { defineCommand } from "./command.ts"
import { readSettings, settingFlags } from "./daemon.ts"
import { createMemoryTerminal } from "./memory-terminal.ts"
import { readLine } from "./pflag.ts"

const TABLE = {
  pingTimeout: { hint: "duration", help: "", fallback: "15secs" },
  rootSubmissions: { help: "", fallback: "true" },
  logLevel: { hint: "level", help: "", fallback: "info", ours: true },
} as const

type World = {
  readonly flags?: { readonly pingTimeout?: string }
  readonly env?: Readonly<Record<string, string>>
  readonly file?: string
  readonly config?: string
}

const read = ({ flags = {}, env = {}, file, config }: World) => {
  const others: Readonly<Record<string, string>> = { "/run/timeout": "7secs\n" }
  const terminal = createMemoryTerminal({ env })
  const path = config ?? "/etc/dcos/master.toml"
  const files = {
    ...terminal.files,
    readText: (asked: string) => Promise.resolve(asked === path ? file : others[asked]),
  }
  const refused = { old_flag: "nobody needs it" }
  return readSettings({ env, files }, TABLE, flags, { role: "master", config, refused })
}

test.each([
  [{}, "15secs"],
  [{ file: 'ping_timeout = "1secs"' }, "1secs"],
  [{ file: 'ping-timeout = "1secs"' }, "1secs"],
  [{ file: 'ping_timeout = "1secs"', env: { MESOS_PING_TIMEOUT: "2secs" } }, "2secs"],
  [{ env: { MESOS_PING_TIMEOUT: "2secs", DCOS_MASTER_PING_TIMEOUT: "3secs" } }, "3secs"],
  [{ env: { DCOS_MASTER_PING_TIMEOUT: "3secs" }, flags: { pingTimeout: "4secs" } }, "4secs"],
  [{ env: { DCOS_AGENT_PING_TIMEOUT: "3secs" } }, "15secs"],
  [{ env: { MESOS_PING_TIMEOUT: "file:///run/timeout" } }, "7secs"],
] satisfies (readonly [World, string])[])("%j makes it %s", async (world, value) => {
  expect((await read(world)).text("pingTimeout")).toBe(value)
})

test("a variable of Mesos says nothing of a setting that Mesos does not have", async () => {
  const settings = await read({ env: { MESOS_LOG_LEVEL: "debug" } })
  expect(settings.text("logLevel")).toBe("info")
})

test.each([
  [{ file: 'pingtimeout = "1secs"' }, "did you mean ping_timeout?"],
  [{ file: "old_flag = 1" }, "/etc/dcos/master.toml: old_flag is not supported: nobody needs it"],
  [{ env: { MESOS_OLD_FLAG: "1" } }, "MESOS_OLD_FLAG is not supported: nobody needs it"],
  [{ config: "/srv/m.toml" }, "the configuration file /srv/m.toml does not exist"],
  [{ flags: { pingTimeout: "file:///none" } }, "file:///none: there is no such file"],
  [{ file: "what" }, "/etc/dcos/master.toml: line 1"],
] satisfies (readonly [World, string])[])("%j is refused", (world, message) => {
  expect(read(world)).rejects.toThrow(message)
})

test.each([
  [["--ping_timeout=1secs"], "--pingTimeout=1secs"],
  [["--ping-timeout", "1secs"], "--pingTimeout=1secs"],
  [["--no-root_submissions"], "--rootSubmissions=false"],
  [["--root_submissions=false"], "--rootSubmissions=false"],
])("%j is understood as Mesos would", (words, rawArg) => {
  const command = defineCommand({ input: settingFlags(TABLE), run: () => Promise.resolve() })
  const line = readLine(command, words)
  expect(line).toMatchObject({ ok: true, value: { rawArgs: [rawArg, "--"] } })
})
