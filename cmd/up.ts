import { defineCommand, fail, integer, text } from "#lib/cli/index.ts"
import {
  agentOptions,
  defaultWorkDir,
  executablePath,
  masterOptions,
  startUp,
  supervise,
} from "#lib/roles/index.ts"

const LOOPBACK = "127.0.0.1"

export const command = defineCommand({
  input: {
    workDir: text(
      "dir",
      "Where the cluster keeps its state; by default /var/lib/dcos/up, without root below the home directory",
    ),
    port: integer("port", "Port of the Mesos API; 5050 by default"),
    marathonPort: integer("port", "Port of the Marathon API; 8080 by default"),
    routerPort: integer("port", "Port of the router; 80 by default, 8000 without root"),
    agentPort: integer("port", "Port of the agent's API; 5051 by default"),
    resources: text(
      "resources",
      "What the node offers, such as cpus:4;mem:1024; measured by default",
    ),
    attributes: text("attributes", "Attributes of the node, such as rack:abc"),
    dockerSocket: text("path", "Socket of the Docker daemon; /var/run/docker.sock by default"),
    agentPingTimeout: text("duration", "Time an agent has to answer a ping; 15secs by default"),
    maxAgentPingTimeouts: integer(
      "count",
      "Pings missed until an agent is unreachable; 5 by default",
    ),
    agentReregisterTimeout: text(
      "duration",
      "Time agents have to come back after a restart of the master; 10mins by default",
    ),
    logLevel: text("level", "debug, info, warn or error; warn by default"),
  },
  examples: ["dcos up"],
  async run(context, { agentPort, ...flags }) {
    const started = context.now()
    const environment = { ...context, executable: executablePath() }
    const workDir = flags.workDir ?? defaultWorkDir("up", environment)
    const common = {
      ...flags,
      ip: LOOPBACK,
      advertiseIp: LOOPBACK,
      insecureApi: false,
      logLevel: flags.logLevel ?? "warn",
    }
    const master = masterOptions({ ...common, workDir: `${workDir}/master` }, environment)
    const agent = agentOptions(
      { ...common, port: agentPort, workDir: `${workDir}/agent` },
      environment,
    )
    const cluster = await startUp({ master: { ...master, requireToken: false }, agent })
    const seconds = ((context.now() - started) / 1000).toFixed(2)
    context.print(`A cluster of one node runs on this machine, for development (${seconds} s):`)
    for (const [name, url] of Object.entries(cluster.addresses))
      context.print(`  ${name.padEnd(9)} ${url}`)
    context.print(`  ${"state".padEnd(9)} ${workDir}`)
    context.print(
      `In another terminal: dcos cluster setup ${cluster.addresses["cluster"]}\nCtrl-C stops it; its tasks run on and are found again at the next start.`,
    )
    const reason = await supervise(cluster, context.signal)
    if (reason !== undefined) fail(`the cluster stopped: ${reason}`)
  },
})
