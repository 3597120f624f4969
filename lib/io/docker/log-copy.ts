import type Docker from "dockerode"
import type { LogRotationOptions } from "#lib/io/host/log-rotation.ts"
import { DEFAULT_KEEP, DEFAULT_MAX_BYTES } from "#lib/io/host/log-rotation.ts"
import { errorText } from "#lib/io/host/files.ts"
import { daemonStatus } from "./daemon.ts"
import { LogEntries } from "./log-entries.ts"
import type { LogEntry } from "./log-entries.ts"
import {
  LOG_START,
  NewEntries,
  advance,
  readPosition,
  sinceOf,
  writePosition,
} from "./log-position.ts"
import type { LogPosition } from "./log-position.ts"
import { SandboxLog } from "./sandbox-log.ts"

/** How long positions gather before they are stored; after a crash so much is copied once more. */
const SAVE_DELAY_MS = 250

/** Wait before the daemon is asked again when its log stream broke. */
const RETRY_MS = 1000

/** What a copy needs. */
export type LogCopyOptions = {
  readonly container: Docker.Container
  readonly tty: boolean
  readonly sandbox: string
  /** Where the position is stored. */
  readonly positionFile: string
  readonly limits?: LogRotationOptions | undefined
}

const STREAMS = ["stdout", "stderr"] as const

/**
 * Copies a container's output from the daemon into its sandbox, no entry lost and none twice, also
 * across restarts of agent and daemon. The position stored beside the records holds, for each
 * stream, the last timestamp, how many entries of it were copied, and the size of the log at that
 * moment: a restarted agent cuts the log back to that size and goes on from that timestamp.
 */
export class LogCopy {
  readonly #options: LogCopyOptions
  readonly #logs: Readonly<Record<LogEntry["stream"], SandboxLog>>
  #position: LogPosition = { stdout: LOG_START, stderr: LOG_START }
  #stream: NodeJS.ReadableStream | undefined
  #saving: Promise<void> = Promise.resolve()
  #saveTimer: ReturnType<typeof setTimeout> | undefined
  #ending = false
  #stopped = false
  #wake: (() => void) | undefined
  #done: Promise<void> | undefined

  constructor(options: LogCopyOptions) {
    this.#options = options
    const { sandbox, limits } = options
    const size = {
      maxBytes: limits?.maxBytes ?? DEFAULT_MAX_BYTES,
      keep: limits?.keep ?? DEFAULT_KEEP,
    }
    this.#logs = {
      stdout: new SandboxLog(`${sandbox}/stdout`, size),
      stderr: new SandboxLog(`${sandbox}/stderr`, size),
    }
  }

  /** Begins, or goes on where an earlier life of the agent stopped. */
  start(): void {
    this.#done ??= this.#run()
  }

  /** Waits until everything is copied, once the container has ended; gives up after `timeoutMs`. */
  async finish(timeoutMs: number): Promise<void> {
    this.#ending = true
    this.#wake?.()
    const late = setTimeout(() => this.#disconnect(), timeoutMs)
    await this.#done
    clearTimeout(late)
  }

  /** Stops copying; what was copied is recorded. */
  async stop(): Promise<void> {
    this.#ending = true
    this.#stopped = true
    this.#wake?.()
    this.#disconnect()
    await this.#done
  }

  #disconnect(): void {
    if (this.#stream !== undefined && "destroy" in this.#stream)
      (this.#stream as unknown as { destroy(): void }).destroy()
  }

  async #run(): Promise<void> {
    try {
      await this.#open()
      while (!this.#stopped) {
        const copied = await this.#copy()
        if (copied === "refused" || this.#ending) break
        // The container ended, which `finish` will tell, or the daemon went away.
        await this.#pause()
      }
    } catch {
      // The sandbox is full, or was removed: the container runs on, its output stays with the daemon.
    } finally {
      clearTimeout(this.#saveTimer)
      await this.#save().catch(() => {})
      for (const stream of STREAMS) await this.#logs[stream].close().catch(() => {})
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, RETRY_MS)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async #open(): Promise<void> {
    const stored = await readPosition(this.#options.positionFile)
    for (const stream of STREAMS) await this.#logs[stream].open(stored?.[stream].size)
    const from = (stream: LogEntry["stream"]) => ({
      ...(stored?.[stream] ?? LOG_START),
      size: this.#logs[stream].size,
    })
    this.#position = { stdout: from("stdout"), stderr: from("stderr") }
    await this.#save()
  }

  /** One connection to the daemon, until its end. */
  async #copy(): Promise<"ended" | "refused"> {
    try {
      const { container, tty } = this.#options
      const stream = await container.logs({
        follow: true,
        stdout: true,
        stderr: true,
        timestamps: true,
        since: sinceOf(this.#position) as unknown as number,
      })
      this.#stream = stream
      const entries = new LogEntries({ tty })
      const fresh = new NewEntries(this.#position)
      for await (const chunk of stream) {
        const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk
        await this.#write(entries.push(bytes).filter((entry) => fresh.isNew(entry)))
      }
    } catch (cause) {
      const status = daemonStatus(cause)
      if (status === undefined) return "ended"
      // The container is gone (404), or its log driver keeps nothing to read.
      if (status !== 404) await this.#note(`its output cannot be read: ${errorText(cause)}`)
      return "refused"
    }
    return "ended"
  }

  async #write(entries: readonly LogEntry[]): Promise<void> {
    for (const stream of STREAMS) {
      const mine = entries.filter((entry) => entry.stream === stream)
      if (mine.length === 0) continue
      if (this.#logs[stream].isFull) await this.#rotate(stream)
      await this.#logs[stream].write(Buffer.concat(mine.map(({ content }) => content)))
      this.#position = { ...this.#position, [stream]: mine.reduce(advance, this.#position[stream]) }
    }
    this.#saveTimer ??= setTimeout(() => {
      this.#saveTimer = undefined
      // A position that could not be stored is stored with the next one.
      this.#save().catch(() => {})
    }, SAVE_DELAY_MS)
  }

  /** Stores the position before and after, so that a crash in between finds sizes that fit. */
  async #rotate(stream: LogEntry["stream"]): Promise<void> {
    await this.#save()
    await this.#logs[stream].rotate()
    this.#position = { ...this.#position, [stream]: { ...this.#position[stream], size: 0 } }
    await this.#save()
  }

  async #note(text: string): Promise<void> {
    await this.#logs.stderr.write(Buffer.from(`dcos: ${text}\n`))
    const { stderr } = this.#position
    this.#position = { ...this.#position, stderr: { ...stderr, size: this.#logs.stderr.size } }
  }

  #save(): Promise<void> {
    const write = (): Promise<void> => writePosition(this.#options.positionFile, this.#position)
    this.#saving = this.#saving.then(write, write)
    return this.#saving
  }
}
