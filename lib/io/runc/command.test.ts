import { describe, expect, test } from "bun:test"
import type { CommandInfo } from "#lib/mesos/index.ts"
import type { ImageConfig } from "#lib/ports/index.ts"
import { argumentsOf, environmentOf } from "./command.ts"

const image = (more: Partial<ImageConfig> = {}): ImageConfig => ({
  entrypoint: [],
  command: [],
  environment: {},
  user: undefined,
  workingDirectory: undefined,
  volumes: [],
  stopSignal: undefined,
  labels: {},
  ...more,
})

const nothing = image()
const entry = image({ entrypoint: ["/entry", "e"] })
const cmd = image({ command: ["/cmd", "c"] })
const both = image({ entrypoint: ["/entry", "e"], command: ["/cmd", "c"] })

const run = (command: CommandInfo, config: ImageConfig | undefined): readonly string[] | string => {
  const argv = argumentsOf(command, config)
  return argv.ok ? argv.value : argv.error
}

describe("what runs in a container, by the table of the Docker runtime isolator", () => {
  const none: CommandInfo = { shell: false }
  const some: CommandInfo = { shell: false, arguments: ["a", "b"] }
  test.each([
    ["nothing of anything", none, nothing, "neither the task nor its image names a command"],
    ["Cmd", none, cmd, ["/cmd", "c"]],
    ["Entrypoint", none, entry, ["/entry", "e"]],
    ["Entrypoint and Cmd", none, both, ["/entry", "e", "/cmd", "c"]],
    ["arguments for nothing", some, nothing, "the task has arguments only"],
    ["the program of Cmd with arguments", some, cmd, ["/cmd", "a", "b"]],
    ["Entrypoint with arguments", some, entry, ["/entry", "e", "a", "b"]],
    ["Entrypoint with arguments in place of Cmd", some, both, ["/entry", "e", "a", "b"]],
    ["a value alone", { shell: false, value: "/own" }, both, ["/own"]],
    ["a value with argv", { ...some, value: "/own" }, both, ["/own", "b"]],
    ["the same without an image", { ...some, value: "/own" }, undefined, ["/own", "b"]],
    ["a shell command", { value: "echo $X" }, both, ["/bin/sh", "-c", "echo $X"]],
    ["a shell command without text", {}, both, "a shell command needs a value"],
    ["nothing without an image", none, undefined, "needs an image that brings one"],
  ] as const)("%s", (_what, command, config, expected) => {
    const found = run(command, config)
    if (typeof expected === "string") expect(found).toContain(expected)
    else expect(found).toEqual([...expected])
  })
})

describe("the environment of a container", () => {
  const source = { command: {}, sandbox: "/mnt/mesos/sandbox" }

  test("is the agent's, then the image's, then the command's", () => {
    const variables = [{ name: "C", value: "command" }]
    const made = environmentOf({
      given: { A: "agent", B: "agent", C: "agent" },
      command: { environment: { variables } },
      image: image({ environment: { B: "image", C: "image" } }),
      sandbox: "/s",
    })
    expect(made).toContain("A=agent")
    expect(made).toContain("B=image")
    expect(made).toContain("C=command")
    expect(made).toContain("MESOS_SANDBOX=/s")
  })

  test("has a path to look for programs, unless somebody says otherwise", () => {
    const path = (given: Record<string, string>): string | undefined =>
      environmentOf({ ...source, given, image: undefined }).find((each) => each.startsWith("PATH="))
    expect(path({})).toContain("/usr/bin")
    expect(path({ PATH: "/own" })).toBe("PATH=/own")
  })
})
