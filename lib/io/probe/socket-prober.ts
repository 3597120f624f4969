import { connect, isIP } from "node:net"
import { connect as connectTls } from "node:tls"
import type { ProbeLimits, ProbeOutcome, ProbeTarget, Prober } from "#lib/ports/index.ts"
import { NetworkSocket } from "./network-socket.ts"
import { parseBody } from "./answer-body.ts"
import { errorText } from "#lib/io/host/files.ts"

/** The longest status line, with what may stand before it, that is read in search of a status. */
const HEAD_LIMIT = 16 * 1024

/** How much of a body is read, and for how long, so that servers see their answers taken. */
const DRAIN_BYTES = 256 * 1024
const DRAIN_MS = 1000

/** What a probe uses of a socket. */
type ProbeSocket = {
  on(event: "connect" | "secureConnect" | "close", hear: () => void): unknown
  on(event: "error", hear: (cause: Error) => void): unknown
  on(event: "data", hear: (chunk: Uint8Array) => void): unknown
  write(text: string): unknown
  setTimeout(ms: number, hear: () => void): unknown
  unref(): unknown
  destroy(): unknown
}

/**
 * Probes over plain sockets: no connection is reused, no redirect followed, no proxy of the
 * environment asked, and only the status line of an answer decides.
 */
export class SocketProber implements Prober {
  probe(target: ProbeTarget, limits: ProbeLimits): Promise<ProbeOutcome> {
    return new Promise((resolve) => {
      const socket = openSocket(target)
      let settled = false
      const settle = (outcome: ProbeOutcome): void => {
        if (settled) return
        settled = true
        clearTimeout(timer)
        limits.signal?.removeEventListener("abort", abort)
        resolve(outcome)
        if (outcome.kind === "http") drain(socket)
        else socket.destroy()
      }
      // Once the status is known, a body that does not end only cuts itself short.
      let known: ProbeOutcome | undefined
      const fail = (message: string, timedOut = false): void =>
        settle(known ?? { kind: "failed", message: `${describe(target)}: ${message}`, timedOut })
      const know = (outcome: ProbeOutcome): void => void (known = outcome)
      const abort = (): void => fail("given up")
      const timer =
        limits.timeoutMs > 0
          ? setTimeout(
              () => fail(`no answer in ${limits.timeoutMs / 1000} s`, true),
              limits.timeoutMs,
            )
          : undefined
      limits.signal?.addEventListener("abort", abort)
      if (limits.signal?.aborted === true) return abort()
      socket.on("error", (cause) => fail(errorText(cause)))
      if (target.kind === "tcp") socket.on("connect", () => settle({ kind: "tcp" }))
      else readAnswer(socket, target, { bodyBytes: limits.bodyBytes ?? 0, settle, fail, know })
    })
  }
}

const authority = (target: ProbeTarget): string =>
  `${target.host.includes(":") ? `[${target.host}]` : target.host}:${target.port}`

const describe = (target: ProbeTarget): string =>
  target.kind === "tcp"
    ? `TCP connection to ${authority(target)}`
    : `GET ${target.scheme}://${authority(target)}${target.path}`

function openSocket(target: ProbeTarget): ProbeSocket {
  const { host, port, network } = target
  if (network !== undefined) {
    const tls = target.kind === "http" && target.scheme === "https"
    return new NetworkSocket(network, { host, port, tls })
  }
  if (target.kind === "tcp" || target.scheme === "http") return connect({ host, port })
  // Tasks have certificates for their public names, or self-signed ones; the question is whether they live.
  const name = isIP(host) === 0 ? { servername: host } : {}
  return connectTls({ host, port, rejectUnauthorized: false, ...name })
}

function readAnswer(
  socket: ProbeSocket,
  target: Extract<ProbeTarget, { kind: "http" }>,
  {
    bodyBytes,
    settle,
    fail,
    know,
  }: {
    readonly bodyBytes: number
    readonly settle: (outcome: ProbeOutcome) => void
    readonly fail: (message: string) => void
    readonly know: (outcome: ProbeOutcome) => void
  },
): void {
  const path = target.path.startsWith("/") ? target.path : `/${target.path}`
  let head = ""
  socket.on(target.scheme === "https" ? "secureConnect" : "connect", () => {
    socket.write(
      `GET ${encodePath(path)} HTTP/1.1\r\nHost: ${authority(target)}\r\n` +
        "User-Agent: dcos\r\nAccept: */*\r\nConnection: close\r\n\r\n",
    )
  })
  socket.on("data", (chunk: Uint8Array) => {
    if (head.length >= HEAD_LIMIT) return
    head += Buffer.from(chunk).toString("latin1")
    // Interim answers (1xx) come before the one that counts.
    const final = /(?:^|\r\n\r\n)HTTP\/\d\.\d ([2-5]\d\d)[ \r]/.exec(head)
    if (final !== null) {
      const statusCode = Number(final[1])
      if (bodyBytes === 0) return settle({ kind: "http", statusCode })
      const { complete, contentType, body } = parseBody(head.slice(final.index), bodyBytes)
      know({ kind: "http", statusCode, contentType, body })
      if (complete || head.length >= HEAD_LIMIT) fail("the body is read")
    } else if (!head.startsWith("HTTP/".slice(0, head.length))) fail("the answer is not HTTP")
    else if (head.length >= HEAD_LIMIT) fail("the answer has no status")
  })
  socket.on("close", () => fail("the connection was closed without an answer"))
}

/** Percent-encodes what may not stand in a request line, and nothing that is encoded already. */
const encodePath = (path: string): string => path.replace(/[^\x21-\x7e]/gu, encodeURIComponent)

function drain(socket: ProbeSocket): void {
  let left = DRAIN_BYTES
  socket.setTimeout(DRAIN_MS, () => socket.destroy())
  const timer = setTimeout(() => socket.destroy(), DRAIN_MS)
  timer.unref()
  socket.unref()
  socket.on("data", (chunk: Uint8Array) => {
    left -= chunk.length
    if (left <= 0) socket.destroy()
  })
  socket.on("close", () => clearTimeout(timer))
}
