import { describe, expect, test } from "bun:test"
import { runCommandLine } from "#lib/cli/index.ts"
import { createMemoryTerminal, type MemoryOptions } from "#lib/cli/memory-terminal.ts"
import { table } from "../table.ts"

const CLUSTER = {
  "/home/ada/.dcos/clusters/c1/dcos.toml":
    '[core]\ndcos_acs_token = "secret"\ndcos_url = "http://m1"\n\n[cluster]\nname = "one"\n',
}

async function dcos(line: string, options: MemoryOptions = { files: CLUSTER }) {
  const terminal = createMemoryTerminal(options)
  const code = await runCommandLine(table, line.split(" "), terminal)
  return { code, out: terminal.out(), errors: terminal.errors(), disk: terminal.disk }
}

describe("dcos config", () => {
  test("shows all keys in order and hides the token", async () => {
    const { out, code } = await dcos("config show")
    expect(code).toBe(0)
    expect(out).toBe("cluster.name one\ncore.dcos_acs_token ********\ncore.dcos_url http://m1\n")
  })

  test("shows one value bare, the token too", async () => {
    expect((await dcos("config show core.dcos_acs_token")).out).toBe("secret\n")
  })

  test("names the key that is not set", async () => {
    const { errors, code } = await dcos("config show core.nope")
    expect({ errors, code }).toEqual({ errors: 'Error: unknown key "core.nope"\n', code: 1 })
  })

  test("lets the environment win over the file", async () => {
    const env = { DCOS_URL: "http://other" }
    expect((await dcos("config show core.dcos_url", { files: CLUSTER, env })).out).toBe(
      "http://other\n",
    )
  })

  test("creates and attaches a cluster when there is none", async () => {
    const { code, disk } = await dcos("config set core.mesos_master_url http://10.1.2.3:5050", {})
    expect(code).toBe(0)
    expect(Object.fromEntries(disk)).toEqual({
      "/home/ada/.dcos/clusters/00000000-0000-4000-8000-000000000001/attached": "",
      "/home/ada/.dcos/clusters/00000000-0000-4000-8000-000000000001/dcos.toml":
        '[core]\nmesos_master_url = "http://10.1.2.3:5050"\n',
    })
  })

  test("forgets the token with another address", async () => {
    const { disk } = await dcos("config set core.dcos_url https://m2")
    expect(disk.get("/home/ada/.dcos/clusters/c1/dcos.toml")).toBe(
      '[cluster]\nname = "one"\n\n[core]\ndcos_url = "https://m2"\n',
    )
  })

  test.each([
    ["core.timeout abc", 'unable to cast "abc" of type string to int64'],
    ["core.ssl_verify /nope", "stat /nope: no such file or directory"],
    ["core.pagination maybe", 'strconv.ParseBool: parsing "maybe": invalid syntax'],
    [
      "core.dcos_url m1",
      'core.dcos_url must be an address such as http://m1.example.com, not "m1"',
    ],
  ])("refuses to set %s and leaves the file alone", async (words, message) => {
    const { code, errors, disk } = await dcos(`config set ${words}`)
    expect({ code, errors }).toEqual({ code: 1, errors: `Error: ${message}\n` })
    expect(Object.fromEntries(disk)).toEqual(CLUSTER)
  })

  test("unsets silently, also what is not set", async () => {
    expect(await dcos("config unset nope.nope")).toMatchObject({ code: 0, out: "", errors: "" })
    const { disk } = await dcos("config unset cluster.name")
    expect(disk.get("/home/ada/.dcos/clusters/c1/dcos.toml")).not.toContain("name")
  })

  test("validates", async () => {
    expect((await dcos("config validate")).out).toBe(
      "Congratulations, your configuration is valid!\n",
    )
  })

  test("adopts the single file of CLI 0.4", async () => {
    const files = { "/home/ada/.dcos/dcos.toml": '[core]\ndcos_url = "http://old"\n' }
    const { out, disk } = await dcos("config show", { files })
    expect(out).toBe("core.dcos_url http://old\n")
    expect(disk.has("/home/ada/.dcos/dcos.toml")).toBe(false)
  })
})
