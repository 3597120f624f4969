/** What the words before the command's name ask for. */
export type GlobalFlags = {
  readonly verbosity: 0 | 1 | 2
  readonly version: boolean
  readonly help: boolean
  /** Deprecation notices to show. */
  readonly notices: readonly string[]
  /** A word that is no flag of the program itself. */
  readonly refusal: string | undefined
  /** The command's words. */
  readonly rest: readonly string[]
}

/** Parses the flags before the command's name. Source: dcos/dcos-cli: pkg/cli/global_flags.go. */
export function parseGlobalFlags(
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): GlobalFlags {
  const notices: string[] = []
  let verbosity = env["DCOS_VERBOSITY"] === "2" ? 2 : env["DCOS_VERBOSITY"] === "1" ? 1 : 0
  let version = false
  let help = false
  let refusal: string | undefined
  let at = 0
  for (; at < words.length; at++) {
    const word = words[at] ?? ""
    if (!word.startsWith("-")) break
    const level =
      word === "--log-level" ? (words[++at] ?? "") : /^--log-level=(.*)$/.exec(word)?.[1]
    if (level !== undefined) {
      const flag = level === "debug" ? "-vv" : level === "info" ? "-v" : undefined
      if (flag !== undefined) verbosity = flag.length - 1
      notices.push(
        flag === undefined
          ? `The --log-level=${level} flag is deprecated. It is enabled by default.`
          : `The --log-level=${level} flag is deprecated. Please use the ${flag} flag.`,
      )
    } else if (word === "--debug") {
      verbosity = 2
      notices.push("The --debug flag is deprecated. Please use the -vv flag.")
    } else if (/^-v{1,3}$/.test(word)) verbosity = Math.min(2, word.length - 1)
    else if (word === "--version") version = true
    else if (word === "--help" || word === "-h") help = true
    else
      refusal ??= word.startsWith("--")
        ? `unknown flag: ${word}`
        : `unknown shorthand flag: '${word.charAt(1)}' in ${word}`
  }
  return {
    verbosity: verbosity === 2 ? 2 : verbosity === 1 ? 1 : 0,
    version,
    help,
    notices,
    refusal,
    rest: words.slice(at),
  }
}
