/** A shell pattern (`*`, `?`, `[...]`) as a regular expression over the whole text. */
export function globToRegExp(pattern: string): RegExp {
  const source = pattern.replaceAll(
    /\[(!?)([^\]]+)\]|[*?]|[.+^${}()|[\]\\]/g,
    (found, not, set) => {
      if (found === "*") return ".*"
      if (found === "?") return "."
      if (typeof set !== "string") return `\\${found}`
      return `[${not === "!" ? "^" : ""}${set.replaceAll("\\", "\\\\")}]`
    },
  )
  return new RegExp(`^${source}$`, "s")
}

/** Whether the text contains the filter, or fits it as a pattern. */
export const matchesFilter = (text: string, filter: string): boolean =>
  text.includes(filter) || globToRegExp(filter).test(text)
