import {
  defineCommand,
  fail,
  readSettings,
  settingFlags,
  settingsNote,
  text,
} from "#lib/cli/index.ts"
import {
  AGENT_SETTINGS,
  agentOptions,
  connectRemote,
  executablePath,
  REFUSED_AGENT_FLAGS,
  startAgent,
  supervise,
} from "#lib/roles/index.ts"

export const command = defineCommand({
  input: {
    config: text("path", "Configuration file; /etc/dcos/agent.toml by default, if it is there"),
    ...settingFlags(AGENT_SETTINGS),
  },
  examples: ["DCOS_JOIN_TOKEN=... dcos agent --master ws://10.0.0.1:5050"],
  note: settingsNote("agent"),
  refusedFlags: REFUSED_AGENT_FLAGS,
  async run(context, { config, ...flags }) {
    const sources = { role: "agent", config, refused: REFUSED_AGENT_FLAGS }
    const settings = await readSettings(context, AGENT_SETTINGS, flags, sources)
    const url = settings.text("master")
    if (url === undefined) fail("give the master's URL: dcos agent --master ws://<host>:5050")
    const options = agentOptions(settings, { ...context, executable: executablePath() })
    const token = settings.text("joinToken") ?? context.env["DCOS_JOIN_TOKEN"]
    const agent = await startAgent(options, connectRemote({ url, token, log: options.log }))
    for (const [name, address] of Object.entries(agent.addresses))
      context.print(`${name}: ${address}`)
    const reason = await supervise(agent, context.signal)
    if (reason !== undefined) fail(`the agent stopped: ${reason}`)
  },
})
