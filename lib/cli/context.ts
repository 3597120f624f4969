import type { Group } from "./command.ts"
import type { Messages } from "./messages.ts"
import type { Settings } from "./settings.ts"

/** Where text goes: standard output or standard error. */
export interface Output {
  write(text: string): void
  /** Writes bytes as they are; resolves when they are taken, so that a slow reader is waited for. */
  writeBytes(bytes: Uint8Array): Promise<void>
  /** Whether a person looks at it. */
  readonly isTerminal: boolean
  /** Width in characters; undefined when it is not a terminal. */
  readonly columns: number | undefined
  /** Height in characters; undefined when it is not a terminal. */
  readonly rows: number | undefined
}

/** Standard input. It is read by whole lines, by chunks or to its end; never both at once. */
export interface Input {
  readonly isTerminal: boolean
  /** Everything up to the end of input. */
  readAll(): Promise<string>
  /** The next line without its newline, or undefined at the end of input. */
  readLine(): Promise<string | undefined>
  /** What comes, as it comes, up to the end of input. */
  chunks(): AsyncIterable<Uint8Array>
  /** Whether keys come one by one, unseen and without meaning (Ctrl-C too). Only for a terminal. */
  setRaw(raw: boolean): void
}

/** The file system as commands see it. Paths are absolute or relative to the working directory. */
export interface Files {
  /** The content, or undefined when there is no such file. */
  readText(path: string): Promise<string | undefined>
  /** Creates or replaces a file atomically; the folders above it are made. */
  writeText(path: string, text: string, mode: number): Promise<void>
  writeBytes(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void>
  /** Names in a folder, sorted; empty when there is no such folder. */
  list(path: string): Promise<readonly string[]>
  exists(path: string): Promise<boolean>
  rename(from: string, to: string): Promise<void>
  /** Removes a file or a folder with all it holds; silent when absent. */
  remove(path: string): Promise<void>
}

/** What an HTTP call carries beside what `fetch` defines. */
export type FetchOptions = RequestInit & {
  /** Whom to trust: `false` accepts any certificate, a string is the path of a CA file. */
  readonly verify?: boolean | string | undefined
}

/** Performs one HTTP call. Rejects when no answer comes. */
export type Fetch = (url: string, options: FetchOptions) => Promise<Response>

/** The world of a process as a command sees it; the executable's entry makes the real one. */
export type Terminal = {
  readonly stdout: Output
  readonly stderr: Output
  readonly stdin: Input
  readonly files: Files
  readonly fetch: Fetch
  readonly env: Readonly<Record<string, string | undefined>>
  readonly homeDir: string
  /** `linux`, `darwin` or `win32`. */
  readonly platform: string
  /** Version of this executable, such as "0.1.0". */
  readonly version: string
  /** Milliseconds since 1970. */
  now(): number
  /** Waits; rejects when `signal` of the terminal is aborted. */
  sleep(ms: number): Promise<void>
  newId(): string
  /** Calls `listener` whenever the size of the terminal changes, until the result is called. */
  onResize(listener: () => void): () => void
  /** Aborted when the user interrupts (Ctrl-C) or the process is asked to end. */
  readonly signal: AbortSignal
}

/** What every command gets: the terminal, the settings in force, and how loud to be. */
export type Context = Terminal & {
  /** Settings of the current cluster with the environment on top; read once, on first use. */
  settings(): Promise<Settings>
  /** Ends the command because there is no cluster to talk to, saying what to type. */
  noCluster(): Promise<never>
  /** All commands, for those that are about commands. */
  readonly table: Group
  /** Shows the help of the command these words name; resolves to the exit code. */
  help(words: readonly string[]): Promise<number>
  /** 0 quiet, 1 (`-v`), 2 (`-vv`): what is asked for by the flag or `DCOS_VERBOSITY`. */
  readonly verbosity: 0 | 1 | 2
  /** Writes a line to standard output. */
  print(line: string): void
  /** What is said to people beside the result, by its weight; standard error. */
  readonly messages: Messages
  /** Writes a line to standard error: notices and progress. */
  note(line: string): void
}
