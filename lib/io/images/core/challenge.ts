/** One way to log in that a server offers. */
export type Challenge = {
  /** In small letters: "bearer", "basic". */
  readonly scheme: string
  /** By names in small letters. */
  readonly parameters: Readonly<Record<string, string>>
}

/** A header longer than this is read as none. */
const LENGTH_MAX = 8192

const token = /[!#$%&'*+\-.^`|~\w]+/y
const quoted = /"((?:[^"\\]|\\.)*)"/y
const between = /[\s,]*/y

/**
 * Parses a WWW-Authenticate header with any number of challenges; what cannot be read ends it.
 * Source: RFC 9110, section 11.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = []
  if (header.length > LENGTH_MAX) return challenges
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const match = pattern.exec(header)
    if (match !== null) at = pattern.lastIndex
    return match
  }
  for (;;) {
    take(between)
    const name = take(token)?.[0]
    if (name === undefined) return challenges
    const parameter = header[at] === "=" ? challenges.at(-1)?.parameters : undefined
    if (parameter === undefined) {
      if (header[at] === "=") return challenges
      challenges.push({ scheme: name.toLowerCase(), parameters: {} })
      continue
    }
    at++
    const value = take(quoted)?.[1]?.replace(/\\(.)/g, "$1") ?? take(token)?.[0]
    if (value === undefined) return challenges
    parameter[name.toLowerCase()] ??= value
  }
}
