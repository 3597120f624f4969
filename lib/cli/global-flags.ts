import { parseArgs } from "citty"
import { flag, givenValues, restArguments, text, valuesOf } from "./command.ts"
import { readLine } from "./pflag.ts"

/** What the words before the command's name ask for. */
export type GlobalFlags = {
  readonly verbosity: 0 | 1 | 2
  readonly version: boolean
  readonly help: boolean
  /** Deprecation notices to show. */
  readonly notices: readonly string[]
  /** Why the words are refused, if they are. */
  readonly refusal: string | undefined
  /** The command's words. */
  readonly rest: readonly string[]
}

const args = {
  verbose: flag("Print more of what is done, -vv with HTTP calls.", { alias: "v" }),
  version: flag("Print version information."),
  help: flag("Show this help.", { alias: "h" }),
  debug: flag("The old -vv.", { hidden: true }),
  logLevel: text("level", "The old -v.", { hidden: true }),
  words: restArguments("command"),
}

/** What an old flag means now. */
type Meaning = { readonly verbosity: number; readonly notice: string }

/** Parses the flags before the command's name. Source: dcos/dcos-cli: pkg/cli/global_flags.go. */
export function parseGlobalFlags(
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): GlobalFlags {
  const line = readLine({ args, flagsFirst: true }, words)
  const rawArgs = line.ok && line.value.kind === "run" ? [...line.value.rawArgs] : ["--"]
  const values = valuesOf(args, parseArgs(rawArgs, args), rawArgs)
  const old = [
    ...givenValues(rawArgs, "logLevel").map(meaningOfLevel),
    ...(values.debug ? [meaningOfDebug] : []),
  ]
  const asked = [
    givenValues(rawArgs, "verbose").filter((value) => value === "true").length,
    ...old.map(({ verbosity }) => verbosity),
  ].filter((verbosity) => verbosity > 0)
  const level = asked.length > 0 ? Math.max(...asked) : Number(env["DCOS_VERBOSITY"])
  return {
    verbosity: level >= 2 ? 2 : level >= 1 ? 1 : 0,
    version: values.version,
    help: values.help,
    notices: old.map(({ notice }) => notice),
    refusal: line.ok ? undefined : line.error,
    rest: values.words,
  }
}

const meaningOfDebug: Meaning = {
  verbosity: 2,
  notice: "The --debug flag is deprecated. Please use the -vv flag.",
}

function meaningOfLevel(level: string): Meaning {
  const now = level === "debug" ? "-vv" : level === "info" ? "-v" : undefined
  const what = `The --log-level=${level} flag is deprecated.`
  if (now === undefined) return { verbosity: 0, notice: `${what} It is enabled by default.` }
  return { verbosity: now.length - 1, notice: `${what} Please use the ${now} flag.` }
}
