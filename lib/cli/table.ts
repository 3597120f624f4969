/** How a table is laid out. */
export type TableOptions = {
  /** Keeps numbers and percentages left too, as `marathon app list` does. */
  readonly leftOnly?: boolean
}

const NUMBER = /^-?\d+(?:\.\d+)?%?$/

/**
 * A table as the DC/OS CLI prints it: two leading blanks, two blanks between and after the columns,
 * centred upper-case headings, numbers to the right. A newline in a cell makes another line.
 * Source: dcos/dcos-cli: pkg/cli/table.go.
 */
export function renderTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  const cells = rows.map((row) => headings.map((_, column) => (row[column] ?? "").split("\n")))
  const titles = headings.map((heading) => heading.toUpperCase().replaceAll(/[_.]/g, " "))
  const widths = titles.map((title, column) =>
    Math.max(width(title), ...cells.flatMap((row) => (row[column] ?? []).map(width))),
  )
  const lines = [titles.map((title, column) => centre(title, widths[column] ?? 0))]
  for (const row of cells) {
    const height = Math.max(...row.map((cell) => cell.length))
    for (let line = 0; line < height; line++)
      lines.push(row.map((cell, column) => align(cell[line] ?? "", widths[column] ?? 0, options)))
  }
  return lines.map((line) => `  ${line.join("  ")}  \n`).join("")
}

/**
 * A table as the Python commands of the DC/OS CLI print it: no indent, headings and cells to the
 * left, numbers to the right, two blanks after each column.
 */
export function renderPlainTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const lines = [headings, ...rows]
  const widths = headings.map((_, column) =>
    Math.max(...lines.map((line) => width(line[column] ?? ""))),
  )
  return lines
    .map((line) => `${widths.map((size, column) => pad(line[column] ?? "", size)).join("  ")}  \n`)
    .join("")
}

/** Characters, not code units, so that text beyond ASCII lines up. */
const width = (text: string): number => Array.from(text).length

const pad = (text: string, size: number): string =>
  text + " ".repeat(Math.max(0, size - width(text)))

function centre(text: string, size: number): string {
  const gap = Math.max(0, size - width(text))
  const left = Math.floor(gap / 2)
  return " ".repeat(left) + text + " ".repeat(gap - left)
}

function align(text: string, size: number, { leftOnly }: TableOptions): string {
  if (leftOnly === true || !NUMBER.test(text)) return pad(text, size)
  return " ".repeat(Math.max(0, size - width(text))) + text
}

/** Cuts a text that has `limit` characters or more to `limit - 3` and three dots. */
export function shorten(text: string, limit: number): string {
  const characters = Array.from(text)
  return characters.length < limit ? text : `${characters.slice(0, limit - 3).join("")}...`
}
