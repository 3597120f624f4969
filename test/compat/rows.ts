import { expect, test } from "bun:test"

/** A row of a table of the reference, and the tests that hold the product to it. */
export type Row = {
  /** The row's first cell. */
  readonly row: string
  /** Files below the root and, of each, names of tests as they are written there. */
  readonly tests: Readonly<Record<string, readonly string[]>>
}

/** Declares a test per row: fails when one of the tests is not there any more. */
export function checkRows(section: string, rows: readonly Row[]): void {
  for (const { row, tests } of rows)
    test(`${section}: ${row}`, async () => {
      for (const [path, names] of Object.entries(tests)) {
        const text = await Bun.file(path).text()
        const written = (name: string): boolean =>
          [JSON.stringify(name), `\`${name}\``].some((literal) => text.includes(literal))
        expect([path, names.filter((name) => !written(name))]).toEqual([path, []])
      }
    })
}
