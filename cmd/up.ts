import { defineCommand, fail, settingFlags } from "#lib/cli/index.ts"
import {
  AGENT_SETTINGS,
  agentOptions,
  defaultWorkDir,
  executablePath,
  MASTER_SETTINGS,
  masterOptions,
  settingsFrom,
  startUp,
  supervise,
} from "#lib/roles/index.ts"

const LOOPBACK = "127.0.0.1"

const {
  port,
  marathonPort,
  routerPort,
  agentPingTimeout,
  maxAgentPingTimeouts,
  agentReregisterTimeout,
} = MASTER_SETTINGS
const { resources, attributes, dockerSocket, launcher } = AGENT_SETTINGS

export const command = defineCommand({
  input: settingFlags({
    workDir: {
      hint: "dir",
      help: "Where the cluster keeps its state; by default /var/lib/dcos/up, without root below the home directory",
    },
    port,
    marathonPort,
    routerPort,
    agentPort: AGENT_SETTINGS.port,
    resources,
    attributes,
    dockerSocket,
    launcher,
    agentPingTimeout,
    maxAgentPingTimeouts,
    agentReregisterTimeout,
    logLevel: { ...MASTER_SETTINGS.logLevel, fallback: "warn" },
  }),
  examples: ["dcos up"],
  async run(context, { agentPort, workDir, logLevel = "warn", ...flags }) {
    const started = context.now()
    const environment = { ...context, executable: executablePath() }
    const state = workDir ?? defaultWorkDir("up", environment)
    const common = { ...flags, ip: LOOPBACK, advertiseIp: LOOPBACK, logLevel }
    const master = masterOptions(
      settingsFrom(MASTER_SETTINGS, { ...common, workDir: `${state}/master` }),
      environment,
    )
    const agent = agentOptions(
      settingsFrom(AGENT_SETTINGS, {
        ...common,
        port: agentPort,
        workDir: `${state}/agent`,
        reconfigurationPolicy: "any",
      }),
      environment,
    )
    const cluster = await startUp({ master: { ...master, requireToken: false }, agent })
    const seconds = ((context.now() - started) / 1000).toFixed(2)
    context.print(`A cluster of one node runs on this machine, for development (${seconds} s):`)
    for (const [name, url] of Object.entries(cluster.addresses))
      context.print(`  ${name.padEnd(9)} ${url}`)
    context.print(`  ${"state".padEnd(9)} ${state}`)
    context.print(
      `In another terminal: dcos cluster setup ${cluster.addresses["cluster"]}\nCtrl-C stops it; its tasks run on and are found again at the next start.`,
    )
    const reason = await supervise(cluster, context.signal)
    if (reason !== undefined) fail(`the cluster stopped: ${reason}`)
  },
})
