import {
  defineCommand,
  fail,
  readSettings,
  settingFlags,
  settingsNote,
  text,
} from "#lib/cli/index.ts"
import { MASTER_SETTINGS, masterOptions, startMaster, supervise } from "#lib/roles/index.ts"

export const command = defineCommand({
  input: {
    config: text("path", "Configuration file; /etc/dcos/master.toml by default, if it is there"),
    ...settingFlags(MASTER_SETTINGS),
  },
  examples: [
    "dcos master",
    "dcos master --work-dir /srv/dcos --insecure-api",
    "MESOS_AGENT_PING_TIMEOUT=5secs dcos master",
  ],
  note: settingsNote("master"),
  async run(context, { config, ...flags }) {
    const settings = await readSettings(context, MASTER_SETTINGS, flags, { role: "master", config })
    const options = masterOptions(settings, context)
    const master = await startMaster(options)
    const { secret, created, path } = master.joinToken
    for (const [name, url] of Object.entries(master.addresses)) context.print(`${name}: ${url}`)
    if (!options.insecureApi) context.print("they answer this machine only, without --insecure-api")
    if (created)
      context.print(
        `join token (shown this once, kept in ${path}): ${secret}\n` +
          `on each node: DCOS_JOIN_TOKEN=${secret} dcos agent --master ${master.joinUrl}`,
      )
    const reason = await supervise(master, context.signal)
    if (reason !== undefined) fail(`the master stopped: ${reason}`)
  },
})
