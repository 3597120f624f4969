import { describe, expect, test } from "bun:test"
import { EscapeKeys, leaveKeysOf, parseEscapeKeys } from "./escape-keys.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe("keys to leave by", () => {
  test.each<[string | undefined, readonly number[]]>([
    [undefined, [0x10, 0x11]],
    ["", [0x10, 0x11]],
    ["ctrl-a,d", [1, 0x64]],
    ["CTRL-A", [1]],
    ["ctrl-@,ctrl-[,ctrl-_", [0, 0x1b, 0x1f]],
    ["q,q,q", [0x71, 0x71, 0x71]],
  ])("%p are %p", (text, keys) => {
    expect(parseEscapeKeys(text)).toEqual({ ok: true, value: keys })
  })

  test.each(["ctrl-1", "alt-x", "ab", "ctrl-a,", "é"])("%p are refused by name", (text) => {
    expect(parseEscapeKeys(text)).toMatchObject({ ok: false })
    const env = { DCOS_TASK_ESCAPE_SEQUENCE: text }
    expect(() => leaveKeysOf(env)).toThrow(/DCOS_TASK_ESCAPE_SEQUENCE: '.*' is no key/)
  })
})

describe("input", () => {
  /** What passes of pieces of input, and whether the person left. */
  const scan = (keys: string, ...pieces: readonly string[]): [string, boolean] => {
    const scanner = new EscapeKeys([...bytes(keys)])
    let passed = ""
    for (const piece of pieces) {
      const scanned = scanner.scan(bytes(piece))
      passed += new TextDecoder().decode(scanned.bytes)
      if (scanned.left) return [passed, true]
    }
    return [passed, false]
  }

  test.each<[string, readonly string[], string, boolean]>([
    ["pq", ["abc"], "abc", false],
    ["pq", ["abpqc"], "ab", true],
    ["pq", ["ap", "q"], "a", true],
    ["pq", ["ap", "xq"], "apxq", false],
    ["pq", ["pp", "q"], "p", true],
    ["pq", ["ap"], "a", false],
    ["ppq", ["ppp", "x"], "pppx", false],
    ["", ["pq\u0000"], "pq\u0000", false],
  ])("with %p as keys, of %p comes %p", (keys, pieces, passed, left) => {
    expect(scan(keys, ...pieces)).toEqual([passed, left])
  })
})
