import type { CommandInfo } from "#lib/mesos/index.ts"
import type { TerminalSize } from "#lib/ports/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"

/** Where programs are looked for when the task's environment does not say. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/** Names that every shell can assign and export. */
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/

/** Variables that some shell refuses to have assigned, or gives a meaning of its own. */
const SHELL_OWNED = new Set([
  ..."BASHOPTS BASH_VERSINFO EUID IFS OPTIND PPID SHELLOPTS UID".split(" "),
  ..."LINENO PS1 PS2 PS4 ENV BASH_ENV".split(" "),
])

/** The text as one word of a POSIX shell. */
export const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** What the task's shell needs to become the task. */
export type TaskScript = {
  readonly command: CommandInfo
  readonly environment: Readonly<Record<string, string>>
  /** Path of bash, for commands whose argv[0] is not the name of their program. */
  readonly bash?: string | undefined
  /** The descriptor that the script comes from, where it is not the standard input of the task. */
  readonly descriptor?: number | undefined
  /** The first size of the task's terminal, where it has one. */
  readonly size?: TerminalSize | undefined
}

/**
 * The script that a shell, started with an empty environment and already as the task's user, reads
 * from its standard input to become the task. Passing it that way keeps the environment and the
 * command out of the process list, and keeps variables such as LD_PRELOAD away from everything that
 * still runs as root. Refused when the command is incomplete or a text holds a NUL.
 */
export function taskScript(options: TaskScript): Result<string, string> {
  const argv = commandLine(options.command, options.bash)
  if (!argv.ok) return argv
  const variables = Object.entries({ PATH: DEFAULT_PATH, ...options.environment })
  for (const text of [...variables.flat(), ...argv.value])
    if (text.includes("\0")) return err(`a NUL character in ${JSON.stringify(text.slice(0, 80))}`)
  const exported: string[] = []
  const assigned: string[] = []
  for (const [name, value] of variables) {
    if (name === "" || name.includes("="))
      return err(`'${name}' cannot be the name of an environment variable`)
    if (IDENTIFIER.test(name) && !SHELL_OWNED.has(name))
      exported.push(`export ${name}=${quote(value)}\n`)
    else assigned.push(quote(`${name}=${value}`))
  }
  const words = argv.value.map(quote)
  if (assigned.length > 0) words.unshift("env", ...assigned)
  const { descriptor, size } = options
  // Before the environment is the task's: it may hide the program.
  const sized = size === undefined ? "" : `stty rows ${size.rows} cols ${size.columns}\n`
  const input = descriptor === undefined ? "< /dev/null" : `${descriptor}<&-`
  return ok(`${sized}unset PWD OLDPWD\n${exported.join("")}exec ${words.join(" ")} ${input}\n`)
}

/**
 * A command as argv: a shell command is "/bin/sh -c value"; otherwise `value` is the program, and
 * `arguments` its whole argv, program name included.
 */
function commandLine(
  command: CommandInfo,
  bash: string | undefined,
): Result<readonly string[], string> {
  const { value, arguments: given = [] } = command
  if (value === undefined || value === "") return err("the command has no value")
  if (command.shell ?? true) return ok(["/bin/sh", "-c", value])
  const [name = value, ...rest] = given
  const baseName = value.slice(value.lastIndexOf("/") + 1)
  if (name === value || name === baseName) return ok([value, ...rest])
  // No POSIX tool sets argv[0] apart from the program; without bash the program sees its path.
  if (bash === undefined) return ok([value, ...rest])
  return ok([bash, "-c", `exec -a "$0" "$@"`, name, value, ...rest])
}
