import { expect, test } from "bun:test"
import { createMemoryTerminal } from "./memory-terminal.ts"
import { createMessages, type Messages } from "./messages.ts"

function written(verbosity: 0 | 1 | 2, say: (messages: Messages) => void): string {
  const terminal = createMemoryTerminal()
  say(createMessages(terminal.stderr, verbosity))
  return terminal.errors()
}

test("are plain lines, of which only an error names itself", () => {
  const text = written(0, (messages) => {
    messages.info("one\ntwo")
    messages.warn("old way")
    messages.error("it failed")
  })
  expect(text).toBe("one\ntwo\nold way\nError: it failed\n")
})

test("are all written, however often one repeats", () => {
  const text = written(0, ({ info }) => {
    for (let i = 0; i < 20; i++) info("again")
  })
  expect(text).toBe("again\n".repeat(20))
})

test("for debugging show with -vv only", () => {
  const texts = ([0, 1, 2] as const).map((level) => written(level, ({ debug }) => debug("stack")))
  expect(texts).toEqual(["", "", "stack\n"])
})
