import type { SettingTable } from "#lib/std/daemon-settings.ts"

/**
 * The settings of `dcos master`. Names, meaning and fallbacks are those of mesos-master where it has
 * them. Source: apache/mesos: src/master/flags.cpp, docs/configuration/master.md.
 */
export const MASTER_SETTINGS = {
  workDir: {
    hint: "dir",
    help: "Where the state is kept; by default /var/lib/dcos/master, without root below the home directory",
  },
  cluster: { hint: "name", help: "Name of the cluster, for people", fallback: "dcos" },
  ip: { hint: "address", help: "Address to listen on", fallback: "0.0.0.0" },
  advertiseIp: {
    hint: "address",
    help: "Address at which others reach this master; by default the one of --ip, where that is every address the one of the machine",
  },
  hostname: {
    hint: "name",
    help: "Host name at which others reach this master; by default its address",
  },
  port: {
    hint: "port",
    help: "Port of the Mesos API and of agents' links",
    fallback: "5050",
  },
  marathonPort: {
    hint: "port",
    help: "Port of the Marathon API",
    fallback: "8080",
    ours: true,
  },
  routerPort: {
    hint: "port",
    help: "Port of the router; by default 80, 8000 without root",
    ours: true,
  },
  insecureApi: {
    help: "Answer API requests from other machines, whoever asks",
    fallback: "false",
    ours: true,
  },
  domain: {
    hint: "json",
    help: 'Region and zone of this master: {"fault_domain":{"region":{"name":"eu"},"zone":{"name":"a"}}}',
  },
  agentPingTimeout: {
    hint: "duration",
    help: "Time between two pings of an agent, and the time it has to answer one",
    fallback: "15secs",
  },
  maxAgentPingTimeouts: {
    hint: "count",
    help: "Pings in a row an agent may miss before it is unreachable",
    fallback: "5",
  },
  agentReregisterTimeout: {
    hint: "duration",
    help: "Time agents have to come back after a restart of the master",
    fallback: "10mins",
  },
  registryGcInterval: {
    hint: "duration",
    help: "Time between two sweeps of the agents kept as unreachable or gone",
    fallback: "15mins",
  },
  registryStoreTimeout: {
    hint: "duration",
    help: "Time that the store has for a write before the master gives up and exits",
    fallback: "20secs",
  },
  registryMaxAgentAge: {
    hint: "duration",
    help: "Time for which unreachable and gone agents are remembered",
    fallback: "2weeks",
  },
  registryMaxAgentCount: {
    hint: "count",
    help: "Unreachable or gone agents that are remembered, of each kind",
    fallback: "102400",
  },
  offerTimeout: {
    hint: "duration",
    help: "Time after which an offer that nobody answered is taken back; never by default",
  },
  allocationInterval: {
    hint: "duration",
    help: "Least time for which a framework is not offered again what it declined unused; offers are otherwise made at once",
    fallback: "1secs",
  },
  agentRemovalRateLimit: {
    hint: "rate",
    help: "How many agents may become unreachable in how long, such as 1/10mins; no limit by default",
  },
  recoveryAgentRemovalLimit: {
    hint: "share",
    help: "Share of the agents known before a restart that may be lost for not coming back; the master stops rather than lose more",
    fallback: "100%",
  },
  requireAgentDomain: {
    help: "Whether agents without a fault domain are refused",
    fallback: "false",
  },
  minAllocatableResources: {
    hint: "resources",
    help: "Least amounts worth offering, alternatives separated by |, amounts by ; (mem and disk in MiB)",
    fallback: "cpus:0.01|mem:32",
  },
  fairSharingExcludedResourceNames: {
    hint: "names",
    help: "Resources that count for nobody's share, separated by commas",
  },
  roleSorter: {
    hint: "sorter",
    help: "Whose turn it is among roles: drf or random",
    fallback: "drf",
  },
  frameworkSorter: {
    hint: "sorter",
    help: "Whose turn it is among the frameworks of a role: drf or random",
    fallback: "drf",
  },
  filterGpuResources: {
    help: "Whether agents with GPUs are offered only to frameworks that know GPUs",
    fallback: "true",
  },
  allocatorAgentRecoveryFactor: {
    hint: "share",
    help: "With quotas, share of the agents known before a restart that must be back before anything is offered",
    fallback: "0.8",
  },
  allocatorRecoveryTimeout: {
    hint: "duration",
    help: "Longest wait for those agents",
    fallback: "10mins",
  },
  whitelist: {
    hint: "path",
    help: "File of host names, one a line, whose agents alone are offered; read again every 5secs",
  },
  roles: {
    hint: "names",
    help: "The only roles that frameworks may use, separated by commas; all by default",
  },
  weights: {
    hint: "role=weight",
    help: "Weights of roles at the first start, such as prod=2,dev=0.5; 1 where none is given",
  },
  rootSubmissions: { help: "Whether frameworks may run as user root", fallback: "true" },
  maxCompletedFrameworks: {
    hint: "count",
    help: "Removed frameworks that are remembered",
    fallback: "50",
  },
  maxCompletedTasksPerFramework: {
    hint: "count",
    help: "Ended tasks that are remembered of each framework",
    fallback: "1000",
  },
  maxUnreachableTasksPerFramework: {
    hint: "count",
    help: "Tasks on unreachable agents that are remembered of each framework",
    fallback: "1000",
  },
  maxOperatorEventStreamSubscribers: {
    hint: "count",
    help: "Clients that may read the events of SUBSCRIBE at the same time; one more ends the oldest",
    fallback: "1000",
  },
  logLevel: {
    hint: "level",
    help: "debug, info, warn or error",
    fallback: "info",
    ours: true,
  },
} as const satisfies SettingTable
