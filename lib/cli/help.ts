import {
  isArgument,
  kebab,
  type ArgumentDefinition,
  type Command,
  type FlagDefinition,
  type Group,
} from "./command.ts"

const HELP_FLAG = { spelling: "-h, --help", description: "Show this help." }

/** Help of a group, of which `path` (such as "dcos marathon app") is the name. */
export function renderGroupHelp(path: string, group: Group): string {
  const commands = Object.entries(group.commands)
    .filter(([, entry]) => entry.hidden !== true)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, entry]) => `    ${name}\n        ${entry.description}\n`)
  const root = !path.includes(" ")
  const options = root
    ? [
        { spelling: "--version", description: "Print version information." },
        { spelling: "-v, -vv", description: "Print more of what is done, -vv with HTTP calls." },
        HELP_FLAG,
      ]
    : [HELP_FLAG]
  return [
    `${group.description}\n`,
    `Usage:\n    ${path} [command]\n`,
    `Commands:\n${commands.join("")}`,
    renderOptions(options),
    `Use "${path} [command] --help" for more information about a command.\n`,
  ].join("\n")
}

/** Help of one command, of which `path` (such as "dcos marathon app list") is the name. */
export function renderCommandHelp(path: string, description: string, command: Command): string {
  const inputs = Object.entries(command.input)
  const labels = inputs.flatMap(([, input]) => (isArgument(input) ? [renderArgument(input)] : []))
  const flags = inputs.flatMap(([key, input]) =>
    isArgument(input) || input.hidden === true
      ? []
      : [{ spelling: renderFlag(key, input), description: input.description }],
  )
  const use = [path, ...labels, ...(flags.length > 0 ? ["[flags]"] : [])].join(" ")
  const examples = command.examples?.map((line) => `    ${line}\n`).join("")
  return [
    `${description}\n`,
    `Usage:\n    ${use}\n`,
    ...(examples === undefined ? [] : [`Examples:\n${examples}`]),
    renderOptions([...flags, HELP_FLAG]),
  ].join("\n")
}

function renderArgument(definition: ArgumentDefinition): string {
  if (definition.kind === "argument") return `<${definition.label}>`
  return definition.kind === "optionalArgument"
    ? `[<${definition.label}>]`
    : `[<${definition.label}>...]`
}

function renderFlag(key: string, definition: FlagDefinition): string {
  const long = `--${kebab(key)}${definition.kind === "boolean" ? "" : ` <${definition.label}>`}`
  return definition.short === undefined ? long : `-${definition.short}, ${long}`
}

function renderOptions(options: readonly { spelling: string; description: string }[]): string {
  return `Options:\n${options
    .map(({ spelling, description }) => `    ${spelling}\n        ${description}\n`)
    .join("")}`
}
