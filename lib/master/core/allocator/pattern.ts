import { RE2JS } from "re2js"
import { err, ok, type Result } from "#lib/std/result.ts"

/** A regular expression that a framework gave; tells whether it matches a whole text. */
export type Pattern = { matches(text: string): boolean }

/** Source: apache/mesos: docs/configuration/master.md (--offer_constraints_re2_max_program_size). */
const PROGRAM_SIZE_MAX = 100

/**
 * Characters of a pattern: bounds what it costs to compile one that is then refused for its program.
 * Mesos bounds the memory instead (--offer_constraints_re2_max_mem, 4096 bytes), which no pattern of
 * this length fits.
 */
const LENGTH_MAX = 1_024

/**
 * Compiles a regular expression of RE2's syntax. It matches in time linear in the text, whatever it
 * says, so no framework can stall the master with one. Refused when it is not one, or too large.
 * Source: apache/mesos: src/master/allocator/mesos/offer_constraints_filter.cpp.
 */
export function compilePattern(source: string): Result<Pattern, string> {
  if (source.length > LENGTH_MAX)
    return err(
      `Failed to construct regex from pattern '${source.slice(0, 32)}...': pattern too large - compile failed`,
    )
  let compiled: RE2JS
  try {
    compiled = RE2JS.compile(source)
  } catch (error) {
    return err(`Failed to construct regex from pattern '${source}': ${reason(error)}`)
  }
  const size = compiled.programSize()
  if (size > PROGRAM_SIZE_MAX)
    return err(
      `Regex '${source}' is too complex: program size of ${size} is larger than maximum of ${PROGRAM_SIZE_MAX} allowed`,
    )
  return ok({ matches: (text) => compiled.testExact(text) })
}

/** The library names itself and its parser; RE2 only says what is wrong. */
const reason = (error: unknown): string =>
  error instanceof Error
    ? error.message.replace(/^error parsing regexp: /, "").replaceAll("`", "")
    : "unknown"
