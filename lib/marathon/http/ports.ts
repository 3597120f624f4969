import type { Clock, Log } from "#lib/ports/index.ts"
import type { Command, Reply } from "#lib/marathon/core/command.ts"
import type { MarathonEvent } from "#lib/marathon/core/events.ts"
import type { MarathonOptions } from "#lib/marathon/core/options.ts"
import type { MarathonView } from "#lib/marathon/core/view.ts"
import type { EventSubscription } from "#lib/marathon/event-bus.ts"
import type { Feature } from "#lib/marathon/model/index.ts"

/** What `/v2/info` and the headers say about this process. */
export type MarathonInfo = {
  /** Version of the software. */
  readonly version: string
  readonly buildref?: string | undefined
  /** Base URL under which clients reach the leader, such as "http://10.0.0.1:8080". */
  readonly leaderUrl: string
  /** Members of `marathon_config` that only the process knows. */
  readonly config?: Readonly<Record<string, unknown>> | undefined
}

/** The running Marathon that the API speaks for; its driver is one. */
export interface MarathonPort {
  /** The state, read between two steps of the machine. */
  readonly view: MarathonView
  readonly settings: MarathonOptions
  /** Runs a command; answers once its effects are durable. Never rejects. */
  request(command: Command): Promise<Reply>
  /** Events from now on, of the named types or of all. */
  subscribe(types?: ReadonlySet<string>): EventSubscription
  /** Tells subscribers of something that only the API knows. */
  publish(event: MarathonEvent): void
}

/** What the API stands on. */
export type MarathonHttpPorts = {
  readonly marathon: MarathonPort
  readonly clock: Clock
  readonly log: Log
  readonly info: MarathonInfo
  /** `--default_network_name`: for container networks without a name. */
  readonly defaultNetworkName?: string | undefined
  /** `--enable_features`; those that DC/OS switches on when not given. */
  readonly features?: ReadonlySet<Feature> | undefined
  /** `--new_group_enforce_role`: whether a new top-level group enforces its own role. */
  readonly newGroupsEnforceRole?: boolean | undefined
  /** Whether this process leads; one that does not answers 503 to all but /ping and /v2/leader. */
  readonly isLeader?: (() => boolean) | undefined
  /** Gives up leadership; without it `DELETE /v2/leader` answers 501. */
  readonly abdicate?: (() => void) | undefined
  /** The address a request came from, for events. */
  readonly clientAddress?: ((request: Request) => string | undefined) | undefined
  /** `--http_max_concurrent_requests`: above it requests are answered 503; event streams excepted. */
  readonly maxConcurrentRequests?: number | undefined
  /** Origins that scripts in browsers may call from. */
  readonly allowedOrigins?: readonly string[] | undefined
}
