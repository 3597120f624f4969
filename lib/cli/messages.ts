import { createConsola, LogLevels, type ConsolaInstance, type LogObject } from "consola/core"
import type { Output } from "./context.ts"

/** What is said to people: each call is one message, a text. */
export type Messages = Pick<ConsolaInstance, "error" | "warn" | "info" | "debug">

/**
 * Messages on an output. Scripts read them, so they are the plain lines that the DC/OS CLI writes:
 * only an error names itself. `-vv` shows those for debugging.
 */
export function createMessages(output: Output, verbosity: 0 | 1 | 2): Messages {
  const log = ({ type, args }: LogObject) =>
    output.write(`${type === "error" ? "Error: " : ""}${args.join(" ")}\n`)
  return createConsola({
    level: verbosity > 1 ? LogLevels.debug : LogLevels.info,
    reporters: [{ log }],
    // Consola holds back what repeats; here a wrong answer may be given twice.
    throttle: 0,
  })
}
