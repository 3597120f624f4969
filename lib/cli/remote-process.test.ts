import { describe, expect, test } from "bun:test"
import type { Context } from "./context.ts"
import { createMemoryTerminal, type MemoryOptions } from "./memory-terminal.ts"
import { joinRemote, type Joining, type RemoteInput, type RemoteProcess } from "./remote-process.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

type Piece = { readonly stream: "stdout" | "stderr"; readonly data: Uint8Array }

/** Values that come as a test pushes them. */
class Channel<T> implements AsyncIterable<T> {
  #values: (T | undefined)[] = []
  #wake = Promise.withResolvers<void>()

  push(value: T | undefined): void {
    this.#values.push(value)
    this.#wake.resolve()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      while (this.#values.length > 0) {
        const value = this.#values.shift()
        if (value === undefined) return
        yield value
      }
      this.#wake = Promise.withResolvers()
      await this.#wake.promise
    }
  }
}

/** A process elsewhere that a test plays, joined with a terminal in memory. */
function scene(joining: Partial<Joining>, options: MemoryOptions = {}) {
  const keys = new Channel<Uint8Array>()
  const terminal = createMemoryTerminal({ chunks: keys, ...options })
  let resized = (): void => {}
  const context = {
    ...terminal,
    onResize: (listener: () => void) => {
      resized = listener
      return () => (resized = () => {})
    },
  } as unknown as Context
  const output = new Channel<Piece>()
  const got: (RemoteInput | string)[] = []
  const heard = new Channel<true>()
  const remote: RemoteProcess = {
    output,
    send: async (input) => {
      for await (const each of input) {
        got.push(each.kind === "data" ? new TextDecoder().decode(each.data) : each)
        heard.push(true)
      }
    },
  }
  const end = joinRemote(context, remote, {
    input: false,
    terminal: false,
    leaveKeys: [0x10, 0x11],
    ...joining,
  })
  const next = heard[Symbol.asyncIterator]()
  /** Waits until the process was given so many things more. */
  const given = async (count: number) => {
    for (let i = 0; i < count; i++) await next.next()
    return got
  }
  return { terminal, keys, output, got, given, end, resize: () => resized() }
}

const tty = { input: true, terminal: true } as const

describe("a process elsewhere", () => {
  test("writes to the two outputs, until it ends", async () => {
    const { terminal, output, end, got } = scene({})
    output.push({ stream: "stdout", data: bytes("out") })
    output.push({ stream: "stderr", data: bytes("err") })
    output.push(undefined)
    expect(await end).toBe("ended")
    expect([terminal.out(), terminal.errors(), got]).toEqual(["out", "err", []])
  })

  test("is given input to its end", async () => {
    const { keys, output, given, end } = scene({ input: true })
    keys.push(bytes("one"))
    expect(await given(1)).toEqual(["one"])
    keys.push(bytes("two\u0010\u0011"))
    keys.push(undefined)
    expect(await given(2)).toEqual(["one", "two\u0010\u0011", { kind: "end" }])
    output.push(undefined)
    expect(await end).toBe("ended")
  })

  test("hears the size of the terminal as a change, and each change after that", async () => {
    const s = scene(tty, { inputIsTerminal: true })
    const size = { kind: "size", rows: 24, columns: 80 } as const
    expect(await s.given(2)).toEqual([{ kind: "size", rows: 0, columns: 0 }, size])
    s.resize()
    expect((await s.given(1)).at(-1)).toEqual(size)
    s.output.push(undefined)
    expect(await s.end).toBe("ended")
  })

  test("has a raw terminal only while it runs", async () => {
    const { terminal, output, end } = scene(tty, { inputIsTerminal: true })
    expect(terminal.raw()).toBe(true)
    output.push(undefined)
    await end
    expect(terminal.raw()).toBe(false)
  })

  test("is left by the keys for that, and the terminal is as before", async () => {
    const { terminal, keys, given, end } = scene(tty, { inputIsTerminal: true })
    await given(2)
    keys.push(bytes("ls\u0010\u0011"))
    expect((await given(2)).slice(-2)).toEqual(["ls", { kind: "leave" }])
    expect(await end).toBe("left")
    expect(terminal.raw()).toBe(false)
  })

  test("is left only when it has heard of that, or does not listen for long", async () => {
    const waits = Promise.withResolvers<void>()
    const terminal = createMemoryTerminal({ inputIsTerminal: true, input: "\u0010\u0011" })
    const context = { ...terminal, sleep: () => waits.promise } as unknown as Context
    const heard = Promise.withResolvers<void>()
    const send = async (input: AsyncIterable<RemoteInput>): Promise<void> => {
      for await (const each of input) if (each.kind === "leave") await heard.promise
    }
    const join = (send: RemoteProcess["send"]) =>
      joinRemote(context, { output: new Channel<Piece>(), send }, { ...tty, leaveKeys: [16, 17] })
    let end: string | undefined
    const joined = join(send).then((how) => (end = how))
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
    expect(end).toBeUndefined()
    heard.resolve()
    expect(await joined).toBe("left")
    const deaf = async (input: AsyncIterable<RemoteInput>): Promise<void> => {
      for await (const each of input) if (each.kind === "leave") await new Promise(() => {})
    }
    waits.resolve()
    expect(await join(deaf)).toBe("left")
    const refuses = async (input: AsyncIterable<RemoteInput>): Promise<void> => {
      for await (const each of input) if (each.kind === "leave") throw new Error("400")
    }
    expect(await join(refuses)).toBe("left")
  })

  test("that cannot be given input fails the join", async () => {
    const terminal = createMemoryTerminal({ inputIsTerminal: true })
    const remote: RemoteProcess = {
      output: new Channel<Piece>(),
      send: () => Promise.reject(new Error("409")),
    }
    const joining = { ...tty, leaveKeys: [] }
    await expect(joinRemote(terminal, remote, joining)).rejects.toThrow("409")
    expect(terminal.raw()).toBe(false)
  })

  test("is let go when this process is asked to end", async () => {
    const abort = new AbortController()
    const terminal = createMemoryTerminal({ signal: abort.signal })
    const broken = new Promise<never>((_, reject) => {
      abort.signal.addEventListener("abort", () => reject(new Error("aborted")))
    })
    const output = { [Symbol.asyncIterator]: () => ({ next: () => broken }) }
    const remote: RemoteProcess = { output, send: () => Promise.resolve() }
    const joining = { input: false, terminal: false, leaveKeys: [] }
    const end = joinRemote(terminal, remote, joining)
    abort.abort()
    expect(await end).toBe("interrupted")
  })
})
