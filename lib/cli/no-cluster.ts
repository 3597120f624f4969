import type { Terminal } from "./context.ts"
import { fail } from "./failure.ts"

/** Where `dcos up` listens: with and without the right to use port 80. */
const LOCAL_URLS = ["http://127.0.0.1:8000", "http://127.0.0.1"]

/** A cluster on this machine answers at once or is not there. */
const PROBE_MS = 300

/**
 * Ends a command that needs a cluster when none is configured. When one runs on this machine, the
 * message gives the command that attaches it.
 */
export async function noCluster(terminal: Pick<Terminal, "fetch">): Promise<never> {
  for (const url of LOCAL_URLS)
    if (await answers(terminal, url))
      return fail(
        `no cluster is attached, but one runs on this machine. Please run \`dcos cluster setup ${url}\``,
      )
  return fail(
    "no cluster is attached. Please run `dcos cluster setup <cluster-url>`, or `dcos up` to start one on this machine",
  )
}

async function answers(terminal: Pick<Terminal, "fetch">, url: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(PROBE_MS)
    const response = await terminal.fetch(`${url}/dcos-metadata/dcos-version.json`, { signal })
    const answer: unknown = response.ok ? await response.json() : undefined
    return typeof answer === "object" && answer !== null && "version" in answer
  } catch {
    return false
  }
}
