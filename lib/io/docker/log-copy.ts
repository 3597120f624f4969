import type { LogRotationOptions } from "#lib/io/host/log-rotation.ts"
import { DEFAULT_KEEP, DEFAULT_MAX_BYTES } from "#lib/io/host/log-rotation.ts"
import { errorText } from "#lib/io/host/files.ts"
import { Stall } from "#lib/io/host/stall.ts"
import { daemonStatus } from "./daemon.ts"
import type { DockerDaemon } from "./daemon.ts"
import { Gathered } from "./gathered.ts"
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

/** A log of a container that has ended is given up when nothing of it has come for this long. */
const STALL_MS = 10_000

/** Bytes that gather while the disk is busy; more wait with the daemon. */
const GATHERED_BYTES_MAX = 256 * 1024

/** What a copy needs. */
export type LogCopyOptions = {
  readonly daemon: DockerDaemon
  /** The container's name. */
  readonly name: string
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
  readonly #stop = new AbortController()
  /** Watches over the copy once the container has ended. */
  #stall: Stall | undefined
  #saving: Promise<void> = Promise.resolve()
  #saveTimer: ReturnType<typeof setTimeout> | undefined
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

  /** Begins, or goes on where an earlier life of the agent stopped; resolves when it is over. */
  start(): Promise<void> {
    this.#done ??= this.#run()
    return this.#done
  }

  /** The container has ended: resolves when all is copied, or stands still, or `timeoutMs` are over. */
  async finish(timeoutMs: number): Promise<void> {
    this.#end()
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, timeoutMs)
    await Promise.race([this.#done, late.promise])
    clearTimeout(timer)
  }

  /** Resolves when the copy of a container that has ended is over. */
  async whole(): Promise<void> {
    this.#end()
    await this.#done
  }

  /** Stops copying; what was copied is recorded. */
  async stop(): Promise<void> {
    this.#stop.abort()
    this.#wake?.()
    await this.#done
  }

  #end(): void {
    this.#stall ??= new Stall(STALL_MS, this.#stop.signal)
    this.#stall.signal.addEventListener("abort", () => this.#stop.abort(), { once: true })
    this.#wake?.()
  }

  async #run(): Promise<void> {
    try {
      await this.#open()
      while (!this.#stop.signal.aborted) {
        const copied = await this.#copy()
        if (copied === "refused" || (copied === "ended" && this.#stall !== undefined)) break
        // The container ended, which `finish` will tell, or the daemon went away.
        await this.#pause()
      }
    } catch {
      // The sandbox is full, or was removed: the container runs on, its output stays with the daemon.
    } finally {
      this.#stall?.end()
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
  async #copy(): Promise<"ended" | "broken" | "refused"> {
    const { daemon, name } = this.#options
    try {
      const container = (await daemon.client()).getContainer(name)
      const entries = new LogEntries({ tty: (await container.inspect()).Config.Tty })
      const fresh = new NewEntries(this.#position)
      const gathered = new Gathered<LogEntry>(GATHERED_BYTES_MAX, (list) => this.#write(list))
      const chunks = await daemon.logs(name, sinceOf(this.#position), this.#stop.signal)
      try {
        for await (const chunk of chunks) {
          this.#stall?.alive()
          const list = entries.push(chunk).filter((entry) => fresh.isNew(entry))
          await gathered.add(list, chunk.length)
        }
      } finally {
        await gathered.end()
      }
    } catch (cause) {
      const status = daemonStatus(cause)
      // The daemon went away, or the disk is full: it is tried again from where it stopped.
      if (status === undefined) return "broken"
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
