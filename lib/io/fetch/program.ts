import { open } from "node:fs/promises"
import { leash } from "#lib/io/host/leash.ts"
import { Tail } from "#lib/io/host/tail.ts"
import type { FetchPlugin, LoadRequest } from "./plugin.ts"

/** A program of the machine that can fetch what the agent itself cannot. */
export type FetchProgram = {
  readonly schemes: readonly string[]
  /** Its name, looked up when it is needed, or its path. */
  readonly program: string
  /** How to make it write the file to its standard output. */
  readonly argumentsFor: (uri: string) => readonly string[]
  /** What to do when it is missing. */
  readonly remedy: string
}

/** `hadoop fs`, as Mesos used it for HDFS; `home` is where Hadoop is installed (`--hadoop_home`). */
export const hadoop = (home: string | undefined): FetchProgram => ({
  schemes: ["hdfs", "hftp", "webhdfs", "maprfs", "viewfs"],
  program: home === undefined ? "hadoop" : `${home}/bin/hadoop`,
  argumentsFor: (uri) => ["fs", "-cat", uri],
  remedy: "install a Hadoop client and name its directory with --hadoop_home",
})

/** curl, for FTP. */
export const curl: FetchProgram = {
  schemes: ["ftp", "ftps"],
  program: "curl",
  argumentsFor: (uri) => ["--fail", "--silent", "--show-error", "--globoff", uri],
  remedy: "install curl, or serve the file by https",
}

/** Fetches with a program, as the task's user; it is given up when no byte comes for some time. */
export class ProgramFetch implements FetchPlugin {
  readonly schemes: readonly string[]
  readonly #program: FetchProgram
  readonly #stallMs: number

  constructor(program: FetchProgram, stallMs: number) {
    this.schemes = program.schemes
    this.#program = program
    this.#stallMs = stallMs
  }

  async load({ uri, path, asUser, signal, claim }: LoadRequest): Promise<void> {
    const { program, argumentsFor, remedy } = this.#program
    const found = Bun.which(program)
    if (found === null) throw new Error(`it needs the program '${program}' on the agent: ${remedy}`)
    const file = await open(path, "w", 0o644)
    const stall = new AbortController()
    const reason = new Error(`no data came for ${this.#stallMs / 1000} s (--fetcher_stall_timeout)`)
    let timer = setTimeout(() => stall.abort(reason), this.#stallMs)
    const child = Bun.spawn([...asUser, ...leash(), found, ...argumentsFor(uri)], {
      stdio: ["ignore", "pipe", "pipe"],
      signal: AbortSignal.any([signal, stall.signal]),
      killSignal: "SIGKILL",
    })
    try {
      const problems = new Tail(512)
      const read = problems.follow(child.stderr)
      let size = 0
      for await (const chunk of child.stdout as AsyncIterable<Uint8Array>) {
        clearTimeout(timer)
        timer = setTimeout(() => stall.abort(reason), this.#stallMs)
        size += chunk.length
        claim(size)
        await file.writeFile(chunk)
      }
      const code = await child.exited
      await read
      if (stall.signal.aborted) throw reason
      if (code !== 0) throw new Error(`${program}: ${problems.text().trim() || `exit ${code}`}`)
    } finally {
      clearTimeout(timer)
      child.kill("SIGKILL")
      await file.close()
    }
  }
}
