import { defineCommand, integer, text } from "#lib/cli/index.ts"
import { serveHello } from "#lib/roles/hello.ts"

export const command = defineCommand({
  input: {
    port: integer("port", "Port to serve the page on"),
    ip: text(
      "address",
      "Address to listen on; all of them by default, loopback on a loopback host",
    ),
  },
  examples: ["dcos hello --port 8000"],
  async run(context, { port, ip }) {
    const host = context.env["HOST"] ?? ""
    const local = host === "localhost" || host.startsWith("127.")
    const server = serveHello(context.env, {
      hostname: ip ?? (local ? "127.0.0.1" : "0.0.0.0"),
      port: port ?? 8000,
    })
    context.print(`hello on port ${server.port}`)
    await new Promise<void>((resolve) => {
      context.signal.addEventListener("abort", () => resolve(), { once: true })
    })
    await server.drain()
  },
})
