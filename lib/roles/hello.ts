import { listen, type Listening } from "#lib/io/index.ts"

/** What the page of one instance names. */
export type HelloFacts = {
  readonly instance: string
  readonly app: string
  readonly version: string
  readonly host: string
  readonly port: number
  readonly message: string
}

/** Reads the facts from the environment that Marathon gives a task. */
export function helloFacts(
  environment: Readonly<Record<string, string | undefined>>,
  port: number,
): HelloFacts {
  return {
    instance: environment["MESOS_TASK_ID"] ?? "no task",
    app: environment["MARATHON_APP_ID"] ?? "/helloworld",
    version: environment["MARATHON_APP_VERSION"] ?? "",
    host: environment["HOST"] ?? "localhost",
    port,
    message: environment["HELLO_MESSAGE"] ?? "Hello, world",
  }
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
}

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (sign) => entities[sign] ?? "")

/** The page as HTML. */
export function renderHello(facts: HelloFacts): string {
  const rows = [
    ["instance", facts.instance],
    ["app", facts.app],
    ["version", facts.version],
    ["address", `${facts.host}:${facts.port}`],
  ]
  const table = rows
    .map(([name, value]) => `<tr><th>${name}</th><td>${escapeHtml(value ?? "")}</td></tr>`)
    .join("")
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeHtml(facts.app)}</title><style>body{font:18px system-ui;margin:4em auto;max-width:40em}th{text-align:left;padding-right:1em;color:#666}</style><h1>${escapeHtml(facts.message)}</h1><table>${table}</table></html>\n`
}

/** Answers `/` with the page (or its facts as JSON, where JSON is asked for) and `/health` with "ok". */
export function answerHello(facts: HelloFacts, request: Request): Response {
  switch (new URL(request.url).pathname) {
    case "/health":
      return new Response("ok\n")
    case "/":
      return (request.headers.get("accept") ?? "").includes("application/json")
        ? Response.json(facts)
        : new Response(renderHello(facts), {
            headers: { "content-type": "text/html; charset=utf-8" },
          })
    default:
      return new Response("not found\n", { status: 404 })
  }
}

/** Where to listen on a node of this name: a node on loopback stays there, others are reached on all. */
export function helloAddress(host: string | undefined): string {
  if (host === "localhost") return "127.0.0.1"
  return host?.startsWith("127.") ? host : "0.0.0.0"
}

/** Serves the page of this instance until the server is stopped. */
export function serveHello(
  environment: Readonly<Record<string, string | undefined>>,
  options: { readonly hostname: string; readonly port: number },
): Listening {
  const facts = helloFacts(environment, options.port)
  return listen({
    ...options,
    name: "the hello page",
    handler: (request) => answerHello(facts, request),
  })
}

/** How long an instance that was asked to end answers on, in milliseconds. */
const FAREWELL_MS = 1_000

/** How long requests under way may take after that; both fit into the least kill grace, 3 seconds. */
const DRAIN_MS = 1_000

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * Ends the page so that no request fails: it answers on for a moment, in which load balancers learn
 * that the instance goes and send elsewhere; then it takes no more connections and finishes its answers.
 */
export async function endHello(server: Listening): Promise<void> {
  await pause(FAREWELL_MS)
  await Promise.race([server.drain(), pause(DRAIN_MS)])
  await server.stop()
}
