import { defineCommand, fail, flag, integer, text } from "#lib/cli/index.ts"
import {
  agentOptions,
  connectRemote,
  executablePath,
  startAgent,
  supervise,
} from "#lib/roles/index.ts"

export const command = defineCommand({
  input: {
    master: text("url", "The master, such as ws://10.0.0.1:5050"),
    joinToken: text("token", "What the master printed at its first start; or set DCOS_JOIN_TOKEN"),
    workDir: text(
      "dir",
      "Where the state and the sandboxes of tasks are kept; by default /var/lib/dcos/agent, without root below the home directory",
    ),
    ip: text("address", "Address to listen on; all of them by default"),
    advertiseIp: text("address", "Address at which others reach this node"),
    hostname: text("name", "Host name at which others reach this node; its address by default"),
    port: integer("port", "Port of the agent's API; 5051 by default"),
    resources: text(
      "resources",
      "Such as cpus:4;mem:1024;ports:[31000-32000]; measured by default",
    ),
    attributes: text("attributes", "Such as rack:abc;level:10"),
    dockerSocket: text("path", "Socket of the Docker daemon; /var/run/docker.sock by default"),
    insecureApi: flag("Answer API requests from other machines, whoever asks"),
    logLevel: text("level", "debug, info, warn or error; info by default"),
  },
  examples: ["DCOS_JOIN_TOKEN=... dcos agent --master ws://10.0.0.1:5050"],
  async run(context, { master, joinToken, ...flags }) {
    if (master === undefined) fail("give the master's URL: dcos agent --master ws://<host>:5050")
    const options = agentOptions(flags, { ...context, executable: executablePath() })
    const token = joinToken ?? context.env["DCOS_JOIN_TOKEN"]
    const agent = await startAgent(options, connectRemote({ url: master, token, log: options.log }))
    for (const [name, url] of Object.entries(agent.addresses)) context.print(`${name}: ${url}`)
    const reason = await supervise(agent, context.signal)
    if (reason !== undefined) fail(`the agent stopped: ${reason}`)
  },
})
