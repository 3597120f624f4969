import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import type { Accepted, Command } from "#lib/marathon/core/command.ts"
import { formatTimestamp } from "#lib/marathon/model/index.ts"
import type { MarathonView } from "#lib/marathon/core/view.ts"
import type { Encoded, ModelRules, Rejection } from "#lib/marathon/model/index.ts"
import { deploymentResult, refuse, rejectionOf } from "./answer.ts"
import type { Api } from "./api.ts"
import type { EventStreams } from "./event-streams.ts"
import type { MarathonHttpPorts } from "./ports.ts"

/** One request with what its handler needs to answer it. */
export class ApiRequest {
  readonly ports: MarathonHttpPorts
  readonly view: MarathonView
  readonly rules: ModelRules
  readonly streams: EventStreams
  readonly raw: Request
  readonly query: URLSearchParams
  /** The path as the client sent it. */
  readonly path: string

  constructor(raw: Request, api: Api) {
    const url = new URL(raw.url)
    this.raw = raw
    this.ports = api.ports
    this.view = api.view
    this.rules = api.rules
    this.streams = api.streams
    this.query = url.searchParams
    this.path = url.pathname
  }

  /** A boolean of the query: "true" is true, anything else false; `absent` where it is not given. */
  flag(name: string, absent = false): boolean {
    const value = this.query.get(name)
    return value === null ? absent : value.toLowerCase() === "true"
  }

  /** Where the request came from, by a proxy's word where there is one; "" when not known. */
  get clientAddress(): string {
    const forwarded = this.raw.headers.get("x-forwarded-for")?.split(",")[0]?.trim()
    return forwarded ?? this.ports.clientAddress?.(this.raw) ?? ""
  }

  /** The body as JSON; fails with `noBody` or `notJson`. */
  async json(): Promise<Result<unknown, Rejection>> {
    const text = await this.raw.text()
    if (text.trim() === "")
      return err({ code: "noBody", details: "No content to map due to end-of-input" })
    try {
      return ok(JSON.parse(text) as unknown)
    } catch (cause) {
      return err({ code: "notJson", details: cause instanceof Error ? cause.message : "" })
    }
  }

  /** Runs a command; fails with what to answer. */
  async run(command: Command): Promise<Result<Accepted, Rejection>> {
    const reply = await this.ports.marathon.request(command)
    return reply.ok ? reply : err(rejectionOf(reply.error))
  }

  /** Runs a command that makes a deployment and answers with it. */
  async deploy(command: Command, location?: string): Promise<Response> {
    const done = await this.run(command)
    if (!done.ok) return refuse(done.error)
    if (done.value.kind === "deployment") return deploymentResult(done.value, location)
    return refuse({ code: "failed", message: `no deployment came of it, but: ${done.value.kind}` })
  }

  /** Tells the subscribers of the event stream what was asked here. */
  publish(eventType: string, members: Encoded): void {
    const timestamp = formatTimestamp(this.ports.clock.now())
    this.ports.marathon.publish({ eventType, timestamp, ...members })
  }
}

/** Answers one request. */
export type Handler = (request: ApiRequest) => Response | Promise<Response>

/** What one path answers to. */
export type Resource = Readonly<
  Partial<Record<"GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD", Handler>>
> & {
  /** Media types that answers may have; JSON when not given. */
  readonly produces?: readonly string[] | undefined
  /** Whether the resource itself looks at what the client accepts. */
  readonly anyAccept?: boolean | undefined
  /** Whether bodies of any content type are taken. */
  readonly anyContent?: boolean | undefined
}

/** Finds the resource of a path by its segments, those of the prefix cut off. */
export type Resolve = (segments: readonly string[]) => Resource | undefined
