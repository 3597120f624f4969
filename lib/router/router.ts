import { Hono } from "hono"
import { resolveService, type ServiceTarget } from "./services.ts"

/** Answers one HTTP request. */
export type Handler = (request: Request) => Response | Promise<Response>

/** What the router leads to. */
export type RouterPorts = {
  readonly version: string
  /** A UUID that stays the same for the life of the cluster. */
  readonly clusterId: string
  readonly mesos: Handler
  readonly marathon: Handler
  readonly cosmos: Handler
  /** Sends a request to the API of an agent; undefined when no such agent is known. */
  readonly agent: (agentId: string, request: Request) => Promise<Response> | undefined
  /** Where a name below `/service` leads, or undefined. */
  readonly service: (name: string) => ServiceTarget | undefined
  /** Sends a request to another server, following no redirect. */
  readonly forward: (url: URL, request: Request) => Promise<Response>
}

/** The same request with another path; the query stays. */
function withPath(request: Request, path: string): Request {
  const url = new URL(request.url)
  url.pathname = path === "" ? "/" : path
  return new Request(url.href, request)
}

const badGateway = (cause: unknown): Response =>
  new Response(`502 Bad Gateway: ${cause instanceof Error ? cause.message : String(cause)}\n`, {
    status: 502,
  })

/**
 * The Admin Router: one address that leads to every API of the cluster.
 * Source: dcos/dcos: packages/adminrouter/extra/src (the routes of the master).
 */
export function createRouter(ports: RouterPorts): Handler {
  const app = new Hono()
  addMetadata(app, ports)
  mount(app, "/mesos", ports.mesos)
  mount(app, "/service/marathon", ports.marathon)
  mount(app, "/marathon", ports.marathon)
  for (const path of ["/package/*", "/capabilities"])
    app.all(path, (context) => ports.cosmos(context.req.raw))
  app.all("/cosmos/service/*", (context) =>
    ports.cosmos(withPath(context.req.raw, context.req.path.slice("/cosmos".length))),
  )
  for (const prefix of ["agent", "slave"])
    app.all(`/${prefix}/:id/*`, (context) =>
      toAgent(ports, context.req.param("id"), context.req.raw),
    )
  app.get("/service/:name", (context) => context.redirect(`${context.req.path}/`, 301))
  app.all("/service/*", (context) => toService(ports, context.req.raw))
  return (request) => app.fetch(request)
}

function addMetadata(app: Hono, ports: RouterPorts): void {
  app.get("/", (context) =>
    context.text(
      `dcos ${ports.version}, cluster ${ports.clusterId}\n\n` +
        "APIs: /mesos/ /service/marathon/ /package/ /agent/<id>/ /service/<name>/\n" +
        "The web interface is not part of this version.\n",
    ),
  )
  app.get("/dcos-metadata/dcos-version.json", (context) =>
    context.json(
      {
        version: ports.version,
        "dcos-variant": "open",
        "dcos-image-commit": "",
        "bootstrap-id": "",
      },
      200,
      { "Cache-Control": "no-cache" },
    ),
  )
  app.get("/metadata", (context) =>
    context.json({ PUBLIC_IPV4: new URL(context.req.url).hostname, CLUSTER_ID: ports.clusterId }),
  )
}

function mount(app: Hono, prefix: string, handler: Handler): void {
  app.get(prefix, (context) => context.redirect(`${prefix}/`, 301))
  app.all(`${prefix}/*`, (context) =>
    handler(withPath(context.req.raw, context.req.path.slice(prefix.length))),
  )
}

async function toAgent(ports: RouterPorts, id: string, request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  const rest = pathname.slice(pathname.indexOf("/", 1)).slice(id.length + 1)
  const answer = ports.agent(id, withPath(request, rest))
  if (answer === undefined)
    return new Response(`404 Not Found: agent \`${id}\` unknown.\n`, { status: 404 })
  return answer.catch(badGateway)
}

async function toService(ports: RouterPorts, request: Request): Promise<Response> {
  const url = new URL(request.url)
  const found = resolveService(url.pathname.slice("/service/".length), ports.service)
  if (found === undefined)
    return new Response("404 Not Found: service not found.\n", { status: 404 })
  const upstream = new URL(found.target.url)
  const base = upstream.pathname === "/" ? "" : upstream.pathname
  upstream.pathname = found.target.rewrite ? base + found.rest : url.pathname
  upstream.search = url.search
  const answer = await ports.forward(upstream, request).catch(badGateway)
  const location = answer.headers.get("location")
  if (location === null) return answer
  const redirected = new Response(answer.body, answer)
  redirected.headers.set("location", relocate(location, upstream, found.prefix))
  return redirected
}

/** A redirect of the upstream, led back through the router. */
function relocate(location: string, upstream: URL, prefix: string): string {
  const target = new URL(location, upstream)
  if (target.host !== upstream.host) return location
  const path = target.pathname.startsWith(`${prefix}/`) ? target.pathname : prefix + target.pathname
  return path + target.search + target.hash
}
