import type Docker from "dockerode"
import { errorCode, errorText } from "#lib/io/host/files.ts"

/** How long the daemon may take to answer a ping before it counts as down. */
const PING_MS = 5000

/** What kept the daemon from answering, already in words that say what to do. */
class DaemonError extends Error {
  override readonly name = "DaemonError"
}

/** The daemon's refusal, in the shape of dockerode's. */
class DaemonRefusal extends Error {
  override readonly name = "DaemonRefusal"
  readonly statusCode: number

  constructor(statusCode: number, message: string) {
    super(message)
    this.statusCode = statusCode
  }
}

/** The connection to a Docker daemon; dockerode is loaded when it is first used. */
export class DockerDaemon {
  readonly socketPath: string
  #docker: Promise<Docker> | undefined

  constructor(socketPath: string) {
    this.socketPath = socketPath
  }

  /** The client. */
  client(): Promise<Docker> {
    this.#docker ??= import("dockerode").then(
      ({ default: Client }) => new Client({ socketPath: this.socketPath }),
    )
    return this.#docker
  }

  /**
   * Follows what a container writes, with timestamps, to its end. Not by dockerode: it hands over each
   * line by itself, which takes ten times the time.
   */
  async logs(name: string, since: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const query = `since=${since}&follow=1&stdout=1&stderr=1&timestamps=1`
    const url = `http://docker/containers/${encodeURIComponent(name)}/logs?${query}`
    // A container may be silent for days.
    const response = await fetch(url, { unix: this.socketPath, signal, timeout: false })
    if (response.ok) return response.body ?? new ReadableStream()
    const { message } = (await response.json().catch(() => ({}))) as { readonly message?: string }
    throw new DaemonRefusal(response.status, message ?? `the daemon answered ${response.status}`)
  }

  /** Fails, with the remedy, when the daemon does not answer. */
  async ping(): Promise<void> {
    const docker = await this.client()
    try {
      await withDeadline(docker.ping(), PING_MS)
    } catch (cause) {
      throw new DaemonError(this.explain(cause), { cause })
    }
  }

  /** An error of the daemon, or of the way to it, as a text that says what to do. */
  explain(cause: unknown): string {
    if (cause instanceof DaemonError) return cause.message
    const code = errorCode(cause)
    const where = `the Docker daemon at ${this.socketPath}`
    if (code === "EACCES")
      return `the agent may not talk to ${where}: run it as root, or add its user to group docker`
    if (isUnreachable(cause))
      return `${where} cannot be reached (${code ?? errorText(cause)}): start it, for example with 'systemctl start docker'`
    return daemonMessage(cause) ?? errorText(cause).replace(DOCKERODE_PREFIX, "").trimEnd()
  }
}

function withDeadline<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new Error(`no answer in ${timeoutMs / 1000} s`))
    const timer = setTimeout(late, timeoutMs)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** The HTTP status of an answer of the daemon, or undefined when it was no answer. */
export function daemonStatus(cause: unknown): number | undefined {
  if (typeof cause !== "object" || cause === null || !("statusCode" in cause)) return undefined
  return typeof cause.statusCode === "number" ? cause.statusCode : undefined
}

/** Whether the daemon did not answer at all. */
export const isUnreachable = (cause: unknown): boolean => daemonStatus(cause) === undefined

/** What dockerode puts in front of answers that it did not parse, such as those to a pull. */
const DOCKERODE_PREFIX = /^\(HTTP code \d+\) [a-z ]+ - /

/** The daemon's own words, without dockerode's. */
function daemonMessage(cause: unknown): string | undefined {
  if (typeof cause !== "object" || cause === null || !("json" in cause)) return undefined
  const { json } = cause
  if (typeof json !== "object" || json === null || !("message" in json)) return undefined
  return typeof json.message === "string" ? json.message : undefined
}
