/** What the demo prints, and how it times what it shows. */

const isTerminal = process.stdout.isTTY
const paint =
  (code: string) =>
  (text: string): string =>
    isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text

const bold = paint("1")
const dim = paint("2")
const green = paint("32")

/** Starts a part of the story. */
export const heading = (text: string): void => console.log(`\n${bold(text)}`)

/** Tells something that happened. */
export const tell = (text: string): void => console.log(`  ${text}`)

/** A duration as people read it. */
export const span = (ms: number): string =>
  ms < 1_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1_000).toFixed(1)} s`

/** Tells something that was waited for, and how long that took since `since`. */
export const done = (text: string, since: number): void =>
  console.log(`  ${green("✓")} ${text} ${dim(`(${span(performance.now() - since)})`)}`)

/** The command line, as somebody would type it. */
export const typed = (args: readonly string[]): void =>
  console.log(`\n  $ ${bold(["dcos", ...args].join(" "))}`)

/** What a command wrote, indented; `took` is its duration in milliseconds. */
export function output(text: string, took: number): void {
  for (const line of text.trimEnd().split("\n")) console.log(`    ${line.trimEnd()}`)
  console.log(dim(`    (${span(took)})`))
}
