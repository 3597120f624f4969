import { constants } from "node:fs"
import { open } from "node:fs/promises"
import type { FileHandle } from "node:fs/promises"
import type { ContainerOutput, ContainerStreams, TerminalSize } from "#lib/ports/index.ts"
import { errorCode } from "#lib/io/host/files.ts"
import { TerminalResizes } from "./terminal-resizes.ts"

/** Between two looks at what a terminal showed: less than a person notices. */
const LOOK_MS = 20

/** Between two tries to write into a terminal that does not read. */
const WRITE_RETRY_MS = 10

const READ_BYTES = 64 * 1024

/** Where the terminal of a task leads. It is held by a process that outlives the agent. */
export type TaskTerminal = {
  /** A FIFO: the keyboard. */
  readonly input: string
  /** A file that grows by what it shows, and may be cut to nothing when it has become too large. */
  readonly output: string
  readonly resize: (size: TerminalSize) => Promise<void>
  /** Resolves when the task has ended and all its output is written. */
  readonly ended: Promise<void>
}

/** Attaches to a task's terminal: what it shows from now on, and a keyboard. */
export async function attachTerminal(terminal: TaskTerminal): Promise<ContainerStreams> {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants
  const output = await open(terminal.output, O_RDONLY | O_NOFOLLOW)
  const { size } = await output.stat()
  // Without a reader this fails: the task has ended.
  const input = await open(terminal.input, O_WRONLY | O_NONBLOCK).catch(async (cause: unknown) => {
    await output.close()
    throw cause
  })
  const state = { over: false, read: false }
  const stop = Promise.withResolvers<void>()
  const end = (): void => {
    state.over = true
    stop.resolve()
  }
  const close = async (): Promise<void> => {
    await output.close()
    await input.close()
  }
  const resizes = new TerminalResizes(terminal.resize)
  void terminal.ended.then(end)
  return {
    output: follow(output, { position: size, state, stop: stop.promise, close }),
    write: (data) => write(input, data, state),
    closeInput: () => Promise.resolve(),
    resize: (wanted) => resizes.set(wanted),
    detach: () => {
      end()
      // Who reads closes when it has seen the end.
      if (!state.read) void close()
      state.read = true
    },
  }
}

type Following = {
  readonly position: number
  readonly state: { readonly over: boolean; read: boolean }
  readonly stop: Promise<void>
  readonly close: () => Promise<void>
}

/** What is appended to a file, until `over` is set and everything was read. */
async function* follow(file: FileHandle, following: Following): AsyncGenerator<ContainerOutput> {
  const { state, stop, close } = following
  if (state.read) return
  state.read = true
  let at = following.position
  try {
    for (;;) {
      const { over } = state
      const buffer = new Uint8Array(READ_BYTES)
      const { bytesRead } = await file.read(buffer, 0, READ_BYTES, at)
      if (bytesRead > 0) {
        at += bytesRead
        yield { stream: "stdout", data: buffer.subarray(0, bytesRead) }
        continue
      }
      if ((await file.stat()).size < at) at = 0
      else if (over) return
      else await Promise.race([stop, Bun.sleep(LOOK_MS)])
    }
  } finally {
    await close()
  }
}

async function write(
  input: FileHandle,
  data: Uint8Array,
  state: { readonly over: boolean },
): Promise<void> {
  for (let at = 0; at < data.length;) {
    if (state.over) throw new Error("the container has ended")
    try {
      at += (await input.write(data, at, data.length - at)).bytesWritten
    } catch (cause) {
      if (errorCode(cause) !== "EAGAIN") throw cause
      await Bun.sleep(WRITE_RETRY_MS)
    }
  }
}
