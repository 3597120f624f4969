import type {
  Cancel,
  Clock,
  ContainerOutput,
  ContainerStreams,
  TerminalSize,
} from "#lib/ports/index.ts"

/** Bytes of one piece of output at most, as clients get it. */
const PIECE_BYTES = 64 * 1024

/** How long one reader may hold up the others of a container before it is cut off. */
const STALL_MS = 10_000

/** Reads what a container writes, piece by piece. */
export interface OutputReader {
  /** The next piece; undefined at the end, or when the reader was closed. */
  next(): Promise<ContainerOutput | undefined>
  close(): void
}

/** Writes to a container, which has one writer at a time. */
export interface InputWriter {
  /** Resolves when the container has taken the bytes; rejects when it reads no more. */
  write(data: Uint8Array): Promise<void>
  /** The container reads end of file next. */
  closeInput(): Promise<void>
  resize(size: TerminalSize): void
  /** Resolves when the container has ended its output. */
  readonly ended: Promise<void>
  /** Lets go, so that another may write; what the container reads stays open. */
  close(): void
}

/**
 * The standard streams of one container, shared by everybody who is attached to it. Each piece is
 * handed to every reader before the next is taken: who reads slowly holds the container back and
 * costs no memory. Of several readers, one that stands still is cut off.
 */
export class StreamHub {
  readonly #streams: ContainerStreams
  readonly #clock: Clock
  readonly #onIdle: () => void
  readonly #readers = new Set<Reader>()
  readonly #ended = Promise.withResolvers<void>()
  #writer: object | undefined
  #pumping = false
  #discarding = false
  #over = false

  /** `onIdle` is called once, when nobody is attached any more; the hub is detached by then. */
  constructor(streams: ContainerStreams, clock: Clock, onIdle: () => void) {
    this.#streams = streams
    this.#clock = clock
    this.#onIdle = onIdle
  }

  /** A new reader: it gets what is written from now on. */
  read(): OutputReader {
    const reader = new Reader(() => {
      this.#readers.delete(reader)
      this.#letGo()
    })
    if (this.#over) reader.end()
    else this.#readers.add(reader)
    if (!this.#pumping) void this.#pump()
    return reader
  }

  /** Takes what is written from now on, to its end, so that it goes on when no reader is left. */
  discard(): void {
    if (this.#discarding || this.#over) return
    this.#discarding = true
    const reader = this.read()
    const drain = async (): Promise<void> => {
      while ((await reader.next()) !== undefined);
      reader.close()
    }
    void drain()
  }

  /** The one writer; undefined while there is another. */
  write(): InputWriter | undefined {
    if (this.#writer !== undefined) return undefined
    const writer: InputWriter = {
      write: (data) => this.#streams.write(data),
      closeInput: () => this.#streams.closeInput(),
      resize: (size) => this.#streams.resize(size),
      ended: this.#ended.promise,
      close: () => {
        if (this.#writer !== writer) return
        this.#writer = undefined
        this.#letGo()
      },
    }
    this.#writer = writer
    return writer
  }

  async #pump(): Promise<void> {
    this.#pumping = true
    try {
      for await (const { stream, data } of this.#streams.output) {
        for (let at = 0; at < data.length; at += PIECE_BYTES)
          await this.#hand({ stream, data: data.subarray(at, at + PIECE_BYTES) })
        if (this.#over) break
      }
    } catch {
      // The container's side broke: its readers hear of the end.
    }
    this.#over = true
    for (const reader of this.#readers) reader.end()
    this.#ended.resolve()
  }

  async #hand(piece: ContainerOutput): Promise<void> {
    const readers = [...this.#readers]
    const taken = Promise.all(readers.map((reader) => reader.take(piece)))
    if (readers.length < 2) return void (await taken)
    let cancel: Cancel = () => {}
    const stalled = new Promise<"stalled">((resolve) => {
      const at = this.#clock.now() + STALL_MS
      cancel = this.#clock.wakeAt(at, () => resolve("stalled"))
    })
    const first = await Promise.race([taken, stalled])
    cancel()
    if (first !== "stalled") return
    for (const reader of readers) if (reader.full) reader.close()
    await taken
  }

  #letGo(): void {
    if (this.#readers.size > 0 || this.#writer !== undefined) return
    this.#over = true
    this.#streams.detach()
    this.#onIdle()
  }
}

/** Holds one piece at a time. */
class Reader implements OutputReader {
  readonly #onClose: () => void
  #piece: ContainerOutput | undefined
  #taken: (() => void) | undefined
  #wanted: ((piece: ContainerOutput | undefined) => void) | undefined
  #over = false

  constructor(onClose: () => void) {
    this.#onClose = onClose
  }

  /** Whether it holds a piece that nobody has asked for. */
  get full(): boolean {
    return this.#piece !== undefined
  }

  /** Resolves when the reader's owner has taken the piece, or is gone. */
  take(piece: ContainerOutput): Promise<void> {
    if (this.#over) return Promise.resolve()
    if (this.#wanted !== undefined) {
      this.#wanted(piece)
      this.#wanted = undefined
      return Promise.resolve()
    }
    this.#piece = piece
    return new Promise((resolve) => (this.#taken = resolve))
  }

  next(): Promise<ContainerOutput | undefined> {
    const piece = this.#piece
    if (piece !== undefined) {
      this.#piece = undefined
      this.#taken?.()
      return Promise.resolve(piece)
    }
    if (this.#over) return Promise.resolve(undefined)
    return new Promise((resolve) => (this.#wanted = resolve))
  }

  /** No more comes; what is held can still be taken. */
  end(): void {
    this.#over = true
    this.#wanted?.(undefined)
    this.#wanted = undefined
  }

  close(): void {
    if (this.#over && this.#piece === undefined) return this.#onClose()
    this.#piece = undefined
    this.#taken?.()
    this.end()
    this.#onClose()
  }
}
