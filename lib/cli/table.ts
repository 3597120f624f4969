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
  { leftOnly = false }: TableOptions = {},
): string {
  const titles = headings.map((heading) => heading.toUpperCase().replaceAll(/[_.]/g, " "))
  const { widths, lines, width } = layOut(titles, rows)
  const toRight = (cell: string): boolean => !leftOnly && NUMBER.test(cell)
  let text = row(titles.map((title, column) => centre(title, widths[column] ?? 0)))
  for (const line of lines) {
    text += "  "
    for (let column = 0; column < widths.length; column++) {
      const cell = line[column] ?? ""
      const missing = blanks((widths[column] ?? 0) - width(cell))
      text += toRight(cell) ? `${missing}${cell}  ` : `${cell}${missing}  `
    }
    text += "\n"
  }
  return text
}

const row = (cells: readonly string[]): string => `  ${cells.join("  ")}  \n`

const BLANKS: string[] = []

/** So many blanks; most tables need few different numbers of them, thousands of times. */
const blanks = (count: number): string => (BLANKS[count] ??= " ".repeat(count))

/**
 * A table as the Python commands of the DC/OS CLI print it: no indent, headings and cells to the
 * left, two blanks after each column.
 */
export function renderPlainTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const { widths, lines, width } = layOut(headings, rows)
  const pad = (cell: string, size: number): string => cell.padEnd(size + cell.length - width(cell))
  return [headings, ...lines]
    .map((line) => `${widths.map((size, column) => pad(line[column] ?? "", size)).join("  ")}  \n`)
    .join("")
}

/** Cells cut into lines, the width of each column, and what tells the width of a text of this table. */
type Layout = {
  readonly widths: readonly number[]
  readonly lines: readonly (readonly string[])[]
  readonly width: (text: string) => number
}

function layOut(titles: readonly string[], rows: readonly (readonly string[])[]): Layout {
  // Most tables are plain: one look at all of it spares a look at each of thousands of cells.
  const plain = PLAIN.test(rows.map((row) => row.join("")).join("") + titles.join(""))
  const width = plain ? lengthOf : charactersOf
  const lines = plain ? rows : rows.flatMap((row) => splitRow(titles.length, row))
  const widths = titles.map(width)
  for (const line of lines)
    for (let column = 0; column < widths.length; column++) {
      const cell = line[column] ?? ""
      const size = widths[column] ?? 0
      // No text is wider than it is long, so most need no look.
      if (cell.length > size) widths[column] = Math.max(size, width(cell))
    }
  return { widths, lines, width }
}

/** A row as one line, or as several where its cells have more. */
function splitRow(columns: number, row: readonly string[]): readonly (readonly string[])[] {
  if (!row.some((cell) => cell.includes("\n"))) return [row]
  const cells = Array.from({ length: columns }, (_, column) => (row[column] ?? "").split("\n"))
  const height = Math.max(...cells.map((cell) => cell.length))
  return Array.from({ length: height }, (_, line) => cells.map((cell) => cell[line] ?? ""))
}

const PLAIN = /^[ -~]*$/

const lengthOf = (text: string): number => text.length

/** Characters, not code units, so that text beyond ASCII lines up. */
const charactersOf = (text: string): number =>
  PLAIN.test(text) ? text.length : Array.from(text).length

function centre(text: string, size: number): string {
  const gap = Math.max(0, size - charactersOf(text))
  const left = Math.floor(gap / 2)
  return " ".repeat(left) + text + " ".repeat(gap - left)
}

/** Cuts a text of more than `limit` characters to `keep` and three dots. */
export function shorten(text: string, limit: number, keep: number): string {
  // No text has more characters than it is long.
  if (text.length <= limit) return text
  const characters = Array.from(text)
  return characters.length <= limit ? text : `${characters.slice(0, keep).join("")}...`
}
