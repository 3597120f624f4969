import { defineCommand, integer, text } from "#lib/cli/index.ts"
import { endHello, helloAddress, serveHello } from "#lib/roles/hello.ts"

export const command = defineCommand({
  input: {
    port: integer("port", "Port to serve the page on"),
    ip: text("address", "Address to listen on; that of a loopback host, else all by default"),
  },
  examples: ["dcos hello --port 8000"],
  async run(context, { port, ip }) {
    const server = serveHello(context.env, {
      hostname: ip ?? helloAddress(context.env["HOST"]),
      port: port ?? 8000,
    })
    context.print(`hello on port ${server.port}`)
    await new Promise<void>((resolve) => {
      context.signal.addEventListener("abort", () => resolve(), { once: true })
    })
    await endHello(server)
  },
})
