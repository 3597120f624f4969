import { describe, expect, test } from "bun:test"
import { argument, defineCommand, flag, group, lazy, text } from "./command.ts"
import { renderCompletion } from "./completion.ts"

const show = defineCommand({
  input: {
    id: argument("id", { from: "node list --quiet" }),
    json: flag("Print in JSON format."),
    field: text("name", "Say 'one' field."),
    old: flag("", { hidden: true }),
  },
  run: () => Promise.resolve(),
})
const load = () => Promise.resolve({ command: show })
const root = group("All", {
  node: group("Nodes", {
    show: lazy("Show a node", load),
    secret: lazy("Hidden", load, { hidden: true }),
  }),
})

/** Completes a line in a real bash; the last word is the one under the cursor. */
async function complete(script: string, words: readonly string[]): Promise<string[]> {
  const quoted = words.map((word) => `'${word}'`).join(" ")
  const line = `dcos() { echo n1; echo n2; }\nCOMP_WORDS=(dcos ${quoted}); COMP_CWORD=${words.length}; _dcos; echo "\${COMPREPLY[*]}"`
  const bash = Bun.spawn(["bash", "-c", `${script}\n${line}`], { stderr: "pipe" })
  const answer = (await new Response(bash.stdout).text()).trim()
  expect(await new Response(bash.stderr).text()).toBe("")
  return answer.split(" ").filter((word) => word !== "")
}

describe("completion in bash", () => {
  test.each([
    [[""], ["node"]],
    [["node", ""], ["show"]],
    [
      ["node", "show", "--"],
      ["--json", "--field=", "--help"],
    ],
    [
      ["node", "show", "--json", ""],
      ["n1", "n2"],
    ],
    [["node", "show", "n2"], ["n2"]],
    [["nothing", "x"], []],
  ])("of %j offers %j", async (words, expected) => {
    const script = (await renderCompletion("bash", root)) ?? ""
    expect(await complete(script, words)).toEqual(expected)
  })
})

test("zsh runs the same script through its bash emulation", async () => {
  const [bash = "", zsh = ""] = await Promise.all(
    ["bash", "zsh"].map((shell) => renderCompletion(shell, root)),
  )
  expect(zsh).toStartWith("#compdef dcos\nautoload -U +X bashcompinit && bashcompinit\n")
  expect(zsh.split("\n").slice(3)).toEqual(bash.split("\n").slice(1))
})

test("fish gets a line for each word, flag and argument", async () => {
  const lines = ((await renderCompletion("fish", root)) ?? "").split("\n")
  expect(lines.filter((line) => line.startsWith("complete"))).toEqual([
    "complete -c dcos -n '__dcos_at' -f -a 'node' -d 'Nodes'",
    "complete -c dcos -n '__dcos_at node' -f -a 'show' -d 'Show a node'",
    "complete -c dcos -n '__dcos_at node show' -l json -d 'Print in JSON format.'",
    "complete -c dcos -n '__dcos_at node show' -l field -r -d 'Say \\'one\\' field.'",
    "complete -c dcos -n '__dcos_at node show' -f -a '(dcos node list --quiet 2>/dev/null)'",
  ])
})

test("another shell has none", async () => {
  expect(await renderCompletion("tcsh", root)).toBeUndefined()
})
