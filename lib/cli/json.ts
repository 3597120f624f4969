const HTML: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
}

/** JSON as the Go commands of the DC/OS CLI print it: indented, HTML characters escaped, a newline. */
export function renderJson(value: unknown, indent: 2 | 4 = 4): string {
  const text = JSON.stringify(value, undefined, indent)
  return `${text.replaceAll(/[<>&\u2028\u2029]/g, (character) => HTML[character] ?? character)}\n`
}

/** JSON as the Python commands of the DC/OS CLI print it: sorted keys, two blanks, a newline. */
export const renderSortedJson = (value: unknown): string =>
  `${JSON.stringify(sortKeys(value), undefined, 2)}\n`

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sortKeys(member)]),
  )
}
