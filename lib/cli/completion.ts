import { isArgument, isGroup, kebab, visibleCommands, type Command, type Group } from "./command.ts"

/** One place on the command line, with what can follow. */
type Spot = {
  /** Words before, such as "marathon app"; "" at the start. */
  readonly path: string
  readonly words: readonly { readonly word: string; readonly description: string }[]
  readonly flags: readonly {
    readonly word: string
    readonly description: string
    readonly takesValue: boolean
  }[]
  /** The command whose lines complete an argument here. */
  readonly from: string | undefined
}

/** The shells that have a completion. */
export const SHELLS = ["bash", "fish", "zsh"] as const

/** The completion script of a shell, made from the command table. */
export async function renderCompletion(shell: string, root: Group): Promise<string | undefined> {
  if (shell === "bash" || shell === "zsh") return renderBash(await collect(root), shell)
  return shell === "fish" ? renderFish(await collect(root)) : undefined
}

async function collect(group: Group, path = ""): Promise<Spot[]> {
  const entries = visibleCommands(group)
  const words = entries.map(([word, { meta }]) => ({ word, description: meta.description }))
  const below = await Promise.all(
    entries.map(async ([word, entry]) => {
      const inner = path === "" ? word : `${path} ${word}`
      return isGroup(entry) ? collect(entry, inner) : [spotOf(await entry(), inner)]
    }),
  )
  return [{ path, words, flags: [], from: undefined }, ...below.flat()]
}

function spotOf(command: Command, path: string): Spot {
  const inputs = Object.entries(command.args)
  return {
    path,
    words: [],
    flags: inputs.flatMap(([key, input]) =>
      isArgument(input) || input.hidden === true
        ? []
        : [
            {
              word: `--${kebab(key)}`,
              description: input.description,
              takesValue: input.type !== "boolean",
            },
          ],
    ),
    from: inputs.map(([, input]) => (isArgument(input) ? input.from : undefined)).find(Boolean),
  }
}

/** One script serves both: zsh runs it through its own bashcompinit. */
function renderBash(spots: readonly Spot[], shell: "bash" | "zsh"): string {
  const cases = spots.map(({ path, words, flags, from }) => {
    const flagWords = [
      ...flags.map(({ word, takesValue }) => (takesValue ? `${word}=` : word)),
      "--help",
    ]
    const dynamic =
      from === undefined
        ? ""
        : `\n      [[ $cur == -* ]] || candidates="$(dcos ${from} 2>/dev/null)"`
    const plain = words.map(({ word }) => word).join(" ")
    return `    "${path}")
      candidates="${plain}"; flags="${flagWords.join(" ")}"${dynamic}
      ;;`
  })
  const start =
    shell === "zsh" ? "#compdef dcos\nautoload -U +X bashcompinit && bashcompinit\n" : ""
  return `${start}# Completion of dcos for ${shell}, generated from its command table.
_dcos() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" at="" word candidates="" flags=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] && continue
    case " ${spots
      .map(({ path }) => path.replaceAll(" ", "/"))
      .filter(Boolean)
      .join(" ")} " in
      *" \${at:+\${at// //}/}$word "*) at="\${at:+$at }$word" ;;
    esac
  done
  case "$at" in
${cases.join("\n")}
  esac
  if [[ $cur == -* ]]; then candidates="$flags"; fi
  local IFS=$' \\t\\n'
  COMPREPLY=($(compgen -W "$candidates" -- "$cur"))
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -o default -F _dcos dcos
`
}

function renderFish(spots: readonly Spot[]): string {
  const quote = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`
  const lines = spots.flatMap(({ path, words, flags, from }) => {
    const at = `complete -c dcos -n ${quote(`__dcos_at ${path}`.trimEnd())}`
    return [
      ...words.map(
        ({ word, description }) => `${at} -f -a ${quote(word)} -d ${quote(description)}`,
      ),
      ...flags.map(
        ({ word, description, takesValue }) =>
          `${at} -l ${word.slice(2)}${takesValue ? " -r" : ""} -d ${quote(description)}`,
      ),
      ...(from === undefined ? [] : [`${at} -f -a ${quote(`(dcos ${from} 2>/dev/null)`)}`]),
    ]
  })
  return `# Completion of dcos for fish, generated from its command table.
function __dcos_at
    set -l at ""
    for word in (commandline -opc)[2..-1]
        set -l next (string trim "$at $word")
        contains -- $next $__dcos_paths; and set at $next
    end
    test "$at" = "$argv"
end
set -g __dcos_paths ${spots.flatMap(({ path }) => (path === "" ? [] : [quote(path)])).join(" ")}
${lines.join("\n")}
`
}
