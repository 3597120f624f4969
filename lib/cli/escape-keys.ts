import { fail } from "./failure.ts"
import { err, ok, type Result } from "#lib/std/result.ts"

/** Ctrl-P Ctrl-Q, as of Docker. */
const DEFAULT_KEYS: readonly number[] = [0x10, 0x11]

/**
 * The bytes of a list of keys such as "ctrl-a,d"; Ctrl-P Ctrl-Q when there is none. The error says
 * which key is none.
 */
export function parseEscapeKeys(text: string | undefined): Result<readonly number[], string> {
  if (text === undefined || text === "") return ok(DEFAULT_KEYS)
  const keys: number[] = []
  for (const name of text.split(",")) {
    const letter = /^ctrl-([a-z@[\\\]^_])$/i.exec(name)?.[1]
    if (letter !== undefined) keys.push(letter.toUpperCase().charCodeAt(0) & 0x1f)
    else if (name.length === 1 && name.charCodeAt(0) < 0x80) keys.push(name.charCodeAt(0))
    else return err(`'${name}' is no key: write ctrl-<letter> or one character`)
  }
  return ok(keys)
}

/** The keys to leave by in the environment of a command. Fails when they are none. */
export function leaveKeysOf(env: Readonly<Record<string, string | undefined>>): readonly number[] {
  const keys = parseEscapeKeys(env["DCOS_TASK_ESCAPE_SEQUENCE"])
  return keys.ok ? keys.value : fail(`DCOS_TASK_ESCAPE_SEQUENCE: ${keys.error}`)
}

/** What is left of a piece of input, and whether the keys to leave were in it. */
export type Scanned = { readonly bytes: Uint8Array; readonly left: boolean }

/** Looks for the keys by which a person leaves. Keys that may begin them are held back. */
export class EscapeKeys {
  readonly #keys: readonly number[]
  #matched = 0

  constructor(keys: readonly number[]) {
    this.#keys = keys
  }

  /** The input without keys held back, and with those that turned out to mean themselves. */
  scan(chunk: Uint8Array): Scanned {
    const kept: number[] = []
    for (const byte of chunk) {
      if (byte === this.#keys[this.#matched]) {
        if (++this.#matched === this.#keys.length)
          return { bytes: new Uint8Array(kept), left: true }
        continue
      }
      kept.push(...this.#keys.slice(0, this.#matched))
      this.#matched = byte === this.#keys[0] ? 1 : 0
      if (this.#matched === 0) kept.push(byte)
    }
    return { bytes: new Uint8Array(kept), left: false }
  }
}
