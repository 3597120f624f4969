import {
  isArgument,
  kebab,
  type ArgumentDefinition,
  type Command,
  type FlagDefinition,
  visibleCommands,
  type Group,
} from "./command.ts"

const HELP_FLAG = { spelling: "-h, --help", description: "Show this help." }

/** Help of a group, of which `path` (such as "dcos marathon app") is the name. */
export function renderGroupHelp(path: string, group: Group): string {
  const commands = visibleCommands(group).map(
    ([name, { meta }]) => `    ${name}\n        ${meta.description}\n`,
  )
  const root = !path.includes(" ")
  const options = root
    ? [
        { spelling: "--version", description: "Print version information." },
        { spelling: "-v, -vv", description: "Print more of what is done, -vv with HTTP calls." },
        HELP_FLAG,
      ]
    : [HELP_FLAG]
  return [
    `${group.meta.description}\n`,
    `Usage:\n    ${path} [command]\n`,
    `Commands:\n${commands.join("")}`,
    renderOptions(options),
    `Use "${path} [command] --help" for more information about a command.\n`,
  ].join("\n")
}

/** Help of one command, of which `path` (such as "dcos marathon app list") is the name. */
export function renderCommandHelp(path: string, description: string, command: Command): string {
  const inputs = Object.entries(command.args)
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
    ...(command.note === undefined ? [] : [command.note]),
  ].join("\n")
}

function renderArgument(definition: ArgumentDefinition): string {
  const label = `<${definition.valueHint}>`
  if (definition.required === true) return label
  return definition.many === true ? `[${label}...]` : `[${label}]`
}

function renderFlag(key: string, definition: FlagDefinition): string {
  const long = `--${kebab(key)}${definition.type === "boolean" ? "" : ` <${definition.valueHint}>`}`
  return definition.alias === undefined ? long : `-${definition.alias}, ${long}`
}

function renderOptions(options: readonly { spelling: string; description: string }[]): string {
  return `Options:\n${options
    .map(({ spelling, description }) => `    ${spelling}\n        ${description}\n`)
    .join("")}`
}
