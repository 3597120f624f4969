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
  const { widths, lines } = layOut(titles, rows)
  const body = lines.map((line) =>
    widths.map((size, column) => align(line[column] ?? "", size, leftOnly)),
  )
  const head = titles.map((title, column) => centre(title, widths[column] ?? 0))
  return [head, ...body].map((line) => `  ${line.join("  ")}  \n`).join("")
}

/**
 * A table as the Python commands of the DC/OS CLI print it: no indent, headings and cells to the
 * left, two blanks after each column.
 */
export function renderPlainTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const { widths, lines } = layOut(headings, rows)
  return [headings, ...lines]
    .map((line) => `${widths.map((size, column) => pad(line[column] ?? "", size)).join("  ")}  \n`)
    .join("")
}

/** Cells cut into lines, and the width of each column. */
function layOut(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): { readonly widths: readonly number[]; readonly lines: readonly (readonly string[])[] } {
  const lines = rows.flatMap((row) =>
    row.some((cell) => cell.includes("\n")) ? splitRow(titles.length, row) : [row],
  )
  const widths = titles.map(width)
  for (const line of lines)
    for (const [column, size] of widths.entries()) {
      const cell = line[column] ?? ""
      // No text is wider than it is long, so most need no look.
      if (cell.length > size) widths[column] = Math.max(size, width(cell))
    }
  return { widths, lines }
}

/** A row whose cells have several lines, as that many lines. */
function splitRow(columns: number, row: readonly string[]): string[][] {
  const cells = Array.from({ length: columns }, (_, column) => (row[column] ?? "").split("\n"))
  const height = Math.max(...cells.map((cell) => cell.length))
  return Array.from({ length: height }, (_, line) => cells.map((cell) => cell[line] ?? ""))
}

const PLAIN = /^[ -~]*$/

/** Characters, not code units, so that text beyond ASCII lines up. */
const width = (text: string): number => (PLAIN.test(text) ? text.length : Array.from(text).length)

const pad = (text: string, size: number): string => text.padEnd(size + text.length - width(text))

function centre(text: string, size: number): string {
  const gap = Math.max(0, size - width(text))
  const left = Math.floor(gap / 2)
  return " ".repeat(left) + text + " ".repeat(gap - left)
}

function align(text: string, size: number, leftOnly: boolean): string {
  if (leftOnly || !NUMBER.test(text)) return pad(text, size)
  return text.padStart(size + text.length - width(text))
}

/** Cuts a text of more than `limit` characters to `keep` and three dots. */
export function shorten(text: string, limit: number, keep: number): string {
  const characters = Array.from(text)
  return characters.length <= limit ? text : `${characters.slice(0, keep).join("")}...`
}
