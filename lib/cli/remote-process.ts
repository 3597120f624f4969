import type { Context } from "./context.ts"
import { EscapeKeys } from "./escape-keys.ts"

/** What a process elsewhere is given. */
export type RemoteInput =
  | { readonly kind: "data"; readonly data: Uint8Array }
  | { readonly kind: "end" }
  | { readonly kind: "size"; readonly rows: number; readonly columns: number }
  /** The person leaves; the process is to go on. */
  | { readonly kind: "leave" }

/** A process elsewhere, as far as its standard streams go. */
export type RemoteProcess = {
  readonly output: AsyncIterable<{
    readonly stream: "stdout" | "stderr"
    readonly data: Uint8Array
  }>
  /** Gives it input as it comes; resolves when either has ended. */
  send(input: AsyncIterable<RemoteInput>): Promise<void>
}

/** How the streams of this process are joined with those of another. */
export type Joining = {
  /** Whether standard input goes there. */
  readonly input: boolean
  /** Whether the process has a terminal, which this one then stands for. */
  readonly terminal: boolean
  /** The keys by which a person leaves; none when there is no terminal. */
  readonly leaveKeys: readonly number[]
}

/** How long the other side may take to hear that a person leaves; without that its process ends. */
const LEAVE_MS = 5_000

/**
 * Joins the terminal of this process with a process elsewhere, until that has ended, the person leaves,
 * or this process is asked to end. The terminal is as it was afterwards.
 */
export async function joinRemote(
  context: Pick<Context, "stdin" | "stdout" | "stderr" | "onResize" | "signal" | "sleep">,
  remote: RemoteProcess,
  joining: Joining,
): Promise<"ended" | "left" | "interrupted"> {
  const { stdin, stdout, stderr } = context
  const raw = joining.input && joining.terminal && stdin.isTerminal
  let leaving = false
  const writing = async (): Promise<"ended"> => {
    for await (const { stream, data } of remote.output)
      await (stream === "stdout" ? stdout : stderr).writeBytes(data)
    return "ended"
  }
  const resizes = new Resizes(context)
  if (raw) stdin.setRaw(true)
  try {
    const ended = writing()
    const left = Promise.withResolvers<"left">()
    const leave = (): void => {
      leaving = true
      void context.sleep(LEAVE_MS).then(
        () => left.resolve("left"),
        () => left.resolve("left"),
      )
    }
    const given = async (): Promise<void> => {
      if (!joining.input && !joining.terminal) return
      try {
        await remote.send(inputOf(context, resizes, joining, leave))
      } catch (cause) {
        if (!leaving) left.reject(cause)
      }
      if (leaving) left.resolve("left")
    }
    void given()
    const end = await Promise.race([ended, left.promise])
    return leaving ? "left" : end
  } catch (cause) {
    if (leaving) return "left"
    if (context.signal.aborted) return "interrupted"
    throw cause
  } finally {
    resizes.stop()
    if (raw) stdin.setRaw(false)
  }
}

/** What a process is given: the sizes of the terminal and what comes on standard input. */
async function* inputOf(
  { stdin, stdout }: Pick<Context, "stdin" | "stdout">,
  resizes: Resizes,
  { input, terminal, leaveKeys }: Joining,
  leave: () => void,
): AsyncGenerator<RemoteInput> {
  const size = (): RemoteInput[] => {
    const { rows, columns } = stdout
    return terminal && rows && columns ? [{ kind: "size", rows, columns }] : []
  }
  // A size that is none first, so that the real one is a change that programs hear of.
  if (size().length > 0) yield { kind: "size", rows: 0, columns: 0 }
  yield* size()
  const keys = new EscapeKeys(terminal ? leaveKeys : [])
  const chunks = input ? stdin.chunks()[Symbol.asyncIterator]() : undefined
  let next: Promise<IteratorResult<Uint8Array>> | undefined = chunks?.next()
  for (;;) {
    const first = await Promise.race([...(next === undefined ? [] : [next]), resizes.next()])
    if (first === "resized") yield* size()
    else if (first === "stopped") return
    else if (first.done === true) {
      yield { kind: "end" }
      next = undefined
      if (!terminal) return
    } else {
      const { bytes, left } = keys.scan(first.value)
      if (bytes.length > 0) yield { kind: "data", data: bytes }
      if (left) {
        leave()
        yield { kind: "leave" }
        return
      }
      next = chunks?.next()
    }
  }
}

/** Changes of the terminal's size; several that nobody has asked for are one. */
class Resizes {
  readonly #unlisten: () => void
  #changed = false
  #stopped = false
  #wanted = Promise.withResolvers<"resized" | "stopped">()

  constructor({ onResize }: Pick<Context, "onResize">) {
    this.#unlisten = onResize(() => {
      this.#changed = true
      this.#wanted.resolve("resized")
    })
  }

  async next(): Promise<"resized" | "stopped"> {
    if (!this.#changed && !this.#stopped) await this.#wanted.promise
    if (this.#stopped) return "stopped"
    this.#changed = false
    this.#wanted = Promise.withResolvers()
    return "resized"
  }

  stop(): void {
    this.#stopped = true
    this.#unlisten()
    this.#wanted.resolve("stopped")
  }
}
