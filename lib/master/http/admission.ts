import type { Context } from "hono"
import type { MasterHttpOptions } from "./ports.ts"
import { refuse } from "#lib/std/refuse.ts"

/** A method that an endpoint may have; HEAD goes with GET. */
type Method = "GET" | "POST" | "PUT" | "DELETE"

/** Who may use an endpoint, and how. */
export type EndpointRules = {
  readonly method: Method | readonly Method[]
  /** Named in the challenge of a 401; absent where nobody needs to say who they are. */
  readonly realm?: "scheduler" | "readonly" | "readwrite"
  /** Whether any master answers; otherwise the leader alone does. */
  readonly anyMaster?: boolean
}

/** Who made a request that passed the gate, as far as that is known. */
export type Caller = { readonly principal: string | undefined }

/** A request that passed the gate. */
export type Admitted = Caller & { readonly context: Context }

/** Puts the gate before an endpoint of the router. */
export const gate =
  (
    options: MasterHttpOptions,
    rules: EndpointRules,
    handle: (request: Admitted) => Response | Promise<Response>,
  ) =>
  async (context: Context): Promise<Response> => {
    const caller = await admit(options, rules, context.req.raw)
    return caller instanceof Response ? caller : handle({ context, ...caller })
  }

/**
 * The checks every endpoint makes first, in the order of Mesos: who is it, are we the leader, is it
 * the right method. Yields who calls, or the refusal. Source: apache/mesos: src/master/http.cpp.
 */
export async function admit(
  options: MasterHttpOptions,
  rules: EndpointRules,
  request: Request,
): Promise<Caller | Response> {
  const caller = (rules.realm && (await options.authenticate?.(request))) || { kind: "anonymous" }
  if (caller.kind === "refused")
    return refuse(401, "Authentication required", {
      "www-authenticate": `Basic realm="mesos-master-${rules.realm}"`,
    })
  if (caller.kind === "claims" && rules.realm === "scheduler")
    return refuse(403, "The principal's claims name no value, which a framework needs")
  const away = rules.anyMaster ? undefined : awayFromLeader(options, request)
  if (away !== undefined) return away
  const { method } = request
  const expected: readonly string[] = [rules.method].flat()
  if (!expected.includes(method === "HEAD" ? "GET" : method))
    return refuse(
      405,
      `Expecting one of { ${expected.map((each) => `'${each}'`).join(", ")} }, but received '${method}'`,
      { allow: expected.join(", ") },
    )
  return { principal: caller.kind === "principal" ? caller.principal : undefined }
}

/** The reply of a master that does not lead; the scheme is left to the client, as in Mesos. */
function awayFromLeader(options: MasterHttpOptions, request: Request): Response | undefined {
  const leadership = options.leadership?.() ?? { kind: "self" }
  switch (leadership.kind) {
    case "self":
      return undefined
    case "other": {
      const { pathname, search } = new URL(request.url)
      const location = `//${leadership.hostname}:${leadership.port}${pathname}${search}`
      return refuse(307, "", { location })
    }
    case "unknown":
      return refuse(503, "No leader elected")
    default:
      return leadership satisfies never
  }
}
