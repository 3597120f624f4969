import { describe, expect, test } from "bun:test"
import { argument, defineCommand, flag, group, lazy, restArguments } from "./command.ts"
import { fail } from "./failure.ts"
import { createFakeServer, runInMemory } from "./memory-terminal.ts"
import { notYet } from "./not-yet.ts"
import type { CommandTable } from "./run.ts"

const list = defineCommand({
  input: { json: flag("Print in JSON format.") },
  run: async (context, { json }) => context.print(json ? "[]" : "list"),
})
const show = defineCommand({
  input: { id: argument("id") },
  examples: ["dcos node show x"],
  run: async (context, { id }) => (id === "gone" ? fail("gone is gone") : context.print(id)),
})
const settings = defineCommand({
  input: {},
  run: async (context) => {
    if ((await context.settings()).get("core.dcos_url") === undefined) await context.noCluster()
  },
})

const help = defineCommand({
  input: { words: restArguments("command") },
  run: (context, { words }) => context.help(words),
})

const notice = "Use `dcos node list`."
const table: CommandTable = {
  version: lazy("", () =>
    Promise.resolve({
      command: defineCommand({ input: {}, run: async (c) => c.print(c.version) }),
    }),
  ),
  root: group("All of it", {
    node: group(
      "Manage nodes",
      {
        list: lazy("List the nodes", () => Promise.resolve({ command: list })),
        show: lazy("Show a node", () => Promise.resolve({ command: show })),
        ssh: notYet("node ssh", "Open a shell"),
      },
      { deprecatedDefault: { name: "list", notice, takesArguments: false } },
    ),
    help: lazy("Display help", () => Promise.resolve({ command: help })),
    settings: lazy("Read settings", () => Promise.resolve({ command: settings })),
  }),
}

const run = (line: string, env: Record<string, string> = {}) => runInMemory(table, line, { env })

describe("a command line", () => {
  test.each([
    ["node list", "list\n"],
    ["node list --json", "[]\n"],
    ["--version", "1.2.3\n"],
    ["-vv node show x", "x\n"],
    ["node --info", "Manage nodes\n"],
    ["node --version", "dcos-node version 1.2.3\n"],
  ])("`%s` answers and ends with 0", async (line, out) => {
    expect(await run(line)).toMatchObject({ code: 0, out, errors: "" })
  })

  test.each([
    ["node show", "accepts 1 arg(s), received 0"],
    ["node show gone", "gone is gone"],
    ["node list -v", "unknown shorthand flag: 'v' in -v"],
    ["--bad node", "unknown flag: --bad"],
    ["node ssh --leader", "`dcos node ssh` is not available in this version of dcos"],
  ])("`%s` ends with 1 and one message", async (line, message) => {
    expect(await run(line)).toMatchObject({ code: 1, out: "", errors: `Error: ${message}\n` })
  })

  test("the bare word of a group does the old thing and says so", async () => {
    expect(await run("node --json")).toMatchObject({ code: 0, out: "[]\n", errors: `${notice}\n` })
    expect(await run("node", { DCOS_CLI_STRICT_DEPRECATIONS: "1" })).toMatchObject({
      code: 1,
      out: "",
    })
  })

  test("an unknown command of the root shows help and the nearest command", async () => {
    const { code, out, errors } = await run("nod list")
    expect(code).toBe(1)
    expect(out).toContain("    node\n        Manage nodes\n")
    expect(errors).toBe("Error: 'nod' is not a dcos command. Did you mean `dcos node`?\n")
  })

  test("an unknown command of a group keeps standard output clean", async () => {
    const { code, out, errors } = await run("node lsit")
    expect({ code, out }).toEqual({ code: 1, out: "" })
    expect(errors).toEndWith("\nError: unknown command lsit. Did you mean `dcos node list`?\n")
  })

  test("old global flags still work, with a notice", async () => {
    expect(await run("--log-level=info node list")).toMatchObject({
      code: 0,
      errors: "The --log-level=info flag is deprecated. Please use the -v flag.\n",
    })
  })
})

describe("help", () => {
  test("of a group lists its commands in order, without what is not available", async () => {
    const expected = (await run("node --help")).out
    expect((await run("help node")).out).toBe(expected)
    expect(expected).toMatchInlineSnapshot(`
      "Manage nodes

      Usage:
          dcos node [command]

      Commands:
          list
              List the nodes
          show
              Show a node

      Options:
          -h, --help
              Show this help.

      Use "dcos node [command] --help" for more information about a command.
      "
    `)
  })

  test("of a command shows how to call it", async () => {
    const expected = (await run("help node show")).out
    expect((await run("node show --help")).out).toBe(expected)
    expect(expected).toMatchInlineSnapshot(`
      "Show a node

      Usage:
          dcos node show <id>

      Examples:
          dcos node show x

      Options:
          -h, --help
              Show this help.
      "
    `)
  })

  test("of what is no command fails", async () => {
    expect((await run("help foo")).code).toBe(1)
  })
})

describe("without a cluster", () => {
  test("says what to type", async () => {
    const { code, errors } = await runInMemory(table, "settings", { env: { DCOS_URL: "" } })
    expect(code).toBe(1)
    expect(errors).toBe(
      "Error: no cluster is attached. Please run `dcos cluster setup <cluster-url>`, or `dcos up` to start one on this machine\n",
    )
  })

  test("names the one that runs on this machine", async () => {
    const routes = { "GET /dcos-metadata/dcos-version.json": { version: "2.2" } }
    const { fetch } = createFakeServer(routes, "http://127.0.0.1:8000")
    const { errors } = await runInMemory(table, "settings", { env: { DCOS_URL: "" }, fetch })
    expect(errors).toContain("Please run `dcos cluster setup http://127.0.0.1:8000`")
  })

  test("fails on a cluster that is not there", async () => {
    const { errors } = await run("settings", { DCOS_CLUSTER: "nope" })
    expect(errors).toBe("Error: no match found\n")
  })
})

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
])("a command that %s ended says nothing and ends with %i", async (name, code) => {
  const signal = AbortSignal.abort(new Error(name))
  expect(await runInMemory(table, "node show gone", { signal })).toMatchObject({ code, errors: "" })
})
