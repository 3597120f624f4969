import type { Context, Terminal } from "./context.ts"
import { fail } from "./failure.ts"

/** How often a question is put again when the answer is none. */
const TRIES = 3

const YES = new Set(["y", "yes", "Y", "Yes"])
const NO = new Set(["n", "no", "N", "No"])

/** What a question needs. It is asked of a pipe too: `yes | dcos package install x` works. */
export type PromptTerminal = Pick<Terminal, "stdin" | "stdout">

/**
 * Asks for yes or no; an empty line is `fallback`. Fails when the answer is no, is not to be had,
 * or is something else three times.
 */
export async function confirm(
  terminal: PromptTerminal,
  question: string,
  fallback: "yes" | "no" | undefined,
): Promise<void> {
  for (let i = 0; i < TRIES; i++) {
    terminal.stdout.write(question)
    const line = await terminal.stdin.readLine()
    if (line === undefined) break
    const answer = line.trim() === "" ? (fallback ?? "") : line.trim()
    if (YES.has(answer)) return
    if (NO.has(answer)) break
  }
  fail("couldn't get confirmation")
}

/** Asks to type `expected`. Fails after three wrong answers, telling the notes what came. */
export async function confirmByTyping(
  terminal: PromptTerminal & Pick<Context, "note">,
  question: string,
  expected: string,
): Promise<void> {
  for (let i = 0; i < TRIES; i++) {
    terminal.stdout.write(question)
    const line = await terminal.stdin.readLine()
    if (line === undefined) break
    if (line.trim() === expected) return
    terminal.note(`Expected '${expected}'. You supplied '${line.trim()}'.`)
  }
  fail("cancelling uninstall")
}
