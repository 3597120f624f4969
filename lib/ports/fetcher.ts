import type { CommandInfoUri } from "#lib/mesos/index.ts"
import type { Result } from "#lib/std/result.ts"

/** What to bring into a sandbox. */
export type FetchRequest = {
  readonly uris: readonly CommandInfoUri[]
  /** An absolute path; the directory exists. Nothing is written outside it. */
  readonly sandbox: string
  /** The account that owns what was fetched, or undefined for the agent's own. */
  readonly user?: string | undefined
  readonly signal: AbortSignal
}

/** The URI that could not be fetched, and a text that names it and the cause. */
export type FetchFailure = { readonly uri: string; readonly message: string }

/** Brings the URIs of a command into its sandbox, one after another, and unpacks archives. */
export interface Fetcher {
  fetch(request: FetchRequest): Promise<Result<void, FetchFailure>>
}
