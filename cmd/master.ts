import { defineCommand, fail, flag, integer, text } from "#lib/cli/index.ts"
import { masterOptions, startMaster, supervise } from "#lib/roles/index.ts"

export const command = defineCommand({
  input: {
    workDir: text(
      "dir",
      "Where the state is kept; by default /var/lib/dcos/master, without root below the home directory",
    ),
    cluster: text("name", "Name of the cluster, for people"),
    ip: text("address", "Address to listen on; all of them by default"),
    advertiseIp: text("address", "Address at which others reach this master"),
    hostname: text("name", "Host name at which others reach this master; its address by default"),
    port: integer("port", "Port of the Mesos API and of agents' links; 5050 by default"),
    marathonPort: integer("port", "Port of the Marathon API; 8080 by default"),
    routerPort: integer("port", "Port of the router; 80 by default, 8000 without root"),
    insecureApi: flag("Answer API requests from other machines, whoever asks"),
    agentPingTimeout: text("duration", "Time an agent has to answer a ping; 15secs by default"),
    maxAgentPingTimeouts: integer(
      "count",
      "Pings missed until an agent is unreachable; 5 by default",
    ),
    agentReregisterTimeout: text(
      "duration",
      "Time agents have to come back after a restart of the master; 10mins by default",
    ),
    logLevel: text("level", "debug, info, warn or error; info by default"),
  },
  examples: ["dcos master", "dcos master --work-dir /srv/dcos --insecure-api"],
  async run(context, flags) {
    const environment = { ...context, executable: "" }
    const master = await startMaster(masterOptions(flags, environment))
    const { secret, created, path } = master.joinToken
    for (const [name, url] of Object.entries(master.addresses)) context.print(`${name}: ${url}`)
    if (!flags.insecureApi) context.print("they answer on loopback only, without --insecure-api")
    if (created)
      context.print(
        `join token (shown this once, kept in ${path}): ${secret}\n` +
          `on each node: DCOS_JOIN_TOKEN=${secret} dcos agent --master ${master.joinUrl}`,
      )
    const reason = await supervise(master, context.signal)
    if (reason !== undefined) fail(`the master stopped: ${reason}`)
  },
})
