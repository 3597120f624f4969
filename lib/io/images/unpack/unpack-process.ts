import { open } from "node:fs/promises"
import { Tail } from "#lib/io/host/tail.ts"
import type { UnpackReport } from "./unpack-layer.ts"

/** A layer to unpack in a process of its own. */
export type UnpackRequest = {
  /** Starts the process; the directory and our own process number are added. */
  readonly command: readonly string[]
  /** The file with the layer: a tar archive, plain or packed with gzip or zstd. */
  readonly blob: string
  /** An empty directory, absolute. */
  readonly directory: string
  readonly signal: AbortSignal
}

/** After this long something must be wrong with the disk: 100 GiB at 60 MB/s take half an hour. */
const DEADLINE_MS = 30 * 60_000

/**
 * Unpacks a layer in a process of its own, so that the event loop never waits for a disk and the
 * kernel confines what a layer can name. What the process does not tell is a fault.
 */
export async function unpackInProcess(request: UnpackRequest): Promise<UnpackReport> {
  const { command, blob, directory, signal } = request
  const input = await open(blob)
  try {
    const child = Bun.spawn([...command, directory, String(process.pid)], {
      cwd: "/",
      env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C" },
      stdio: [input.fd, "pipe", "pipe"],
      signal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
      killSignal: "SIGKILL",
    })
    const problems = new Tail(1024)
    const [output] = await Promise.all([
      new Response(child.stdout).text(),
      problems.follow(child.stderr),
    ])
    const code = await child.exited
    signal.throwIfAborted()
    const report = parseReport(output)
    if (code === 0 && report !== undefined) return report
    const why = problems.text().trim() || `it ended with ${child.signalCode ?? code}`
    return {
      kind: "failed",
      reason: "fault",
      message: `the process that unpacks layers failed: ${why}`,
    }
  } finally {
    await input.close()
  }
}

function parseReport(output: string): UnpackReport | undefined {
  try {
    return JSON.parse(output) as UnpackReport
  } catch {
    return undefined
  }
}
