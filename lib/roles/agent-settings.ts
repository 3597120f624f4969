import type { SettingTable } from "#lib/std/daemon-settings.ts"

/**
 * The settings of `dcos agent`. Names, meaning and fallbacks are those of mesos-agent where it has
 * them. Source: apache/mesos: src/slave/flags.cpp, docs/configuration/agent.md.
 */
export const AGENT_SETTINGS = {
  master: { hint: "url", help: "The master, such as ws://10.0.0.1:5050" },
  joinToken: {
    hint: "token",
    help: "What the master printed at its first start; DCOS_JOIN_TOKEN in the environment does too",
    secret: true,
    ours: true,
  },
  workDir: {
    hint: "dir",
    help: "Where the state and the sandboxes of tasks are kept; by default /var/lib/dcos/agent, without root below the home directory",
  },
  ip: { hint: "address", help: "Address to listen on", fallback: "0.0.0.0" },
  advertiseIp: {
    hint: "address",
    help: "Address at which others reach this node; by default the one of --ip, where that is every address the one of the machine",
  },
  hostname: {
    hint: "name",
    help: "Host name at which others reach this node; by default its address",
  },
  port: { hint: "port", help: "Port of the agent's API", fallback: "5051" },
  resources: {
    hint: "resources",
    help: "What the node offers, such as cpus:4;mem:1024;disk(db):5000;ports:[31000-32000], as JSON, or file:///path; what is not named is measured (mem and disk in MiB)",
  },
  defaultRole: {
    hint: "role",
    help: "Role to which resources are reserved where they name none",
    fallback: "*",
  },
  nvidiaGpuDevices: {
    hint: "indices",
    help: "GPUs that tasks may use, such as 0,1; as many as --resources says, if it does; all that are found by default",
  },
  domain: {
    hint: "json",
    help: 'Region and zone of this node: {"fault_domain":{"region":{"name":"eu"},"zone":{"name":"a"}}}',
  },
  reconfigurationPolicy: {
    hint: "policy",
    help: "What may have changed since the last start: nothing (equal), only more resources, attributes or a domain (additive), or all but the host name (any)",
    fallback: "equal",
  },
  recover: {
    hint: "way",
    help: "Go on with the tasks that run from before (reconnect), or end them and then this process; the next one becomes a new agent (cleanup)",
    fallback: "reconnect",
  },
  strict: {
    help: "Refuse to start when something that was stored cannot be read; false leaves it behind, and its tasks end",
    fallback: "true",
  },
  attributes: { hint: "attributes", help: "Such as rack:abc;level:10;keys:[1000-1500]" },
  registrationBackoffFactor: {
    hint: "duration",
    help: "Longest random wait before the first try to register; it doubles up to 1mins",
    fallback: "1secs",
  },
  executorRegistrationTimeout: {
    hint: "duration",
    help: "Time an executor with a program of its own has to subscribe, fetching and image included",
    fallback: "1mins",
  },
  executorReregistrationTimeout: {
    hint: "duration",
    help: "Time executors have to subscribe again after a restart of the agent, 15secs at most",
    fallback: "2secs",
  },
  executorShutdownGracePeriod: {
    hint: "duration",
    help: "Time executors and tasks have to end by themselves when they or their framework are ended",
    fallback: "5secs",
  },
  executorEnvironmentVariables: {
    hint: "json",
    help: 'More variables for every task and executor: {"LANG":"C.UTF-8"}',
  },
  switchUser: {
    help: "Run tasks as the user that they or their framework name; needs root",
    fallback: "true",
  },
  authenticateHttpExecutors: {
    help: "Refuse calls of executors that do not show the token which they were given",
    fallback: "false",
  },
  jwtSecretKey: {
    hint: "file",
    help: "The key with which executors' tokens are signed; one of this agent's own by default",
  },
  httpExecutorDomainSockets: {
    help: "Answer executors at a socket of the file system too, named to them by MESOS_DOMAIN_SOCKET",
    fallback: "false",
  },
  domainSocketLocation: {
    hint: "path",
    help: "Where that socket is; agent.sock in the work directory by default",
  },
  recoveryTimeout: {
    hint: "duration",
    help: "Time executors wait for an agent that is away before they end themselves",
    fallback: "15mins",
  },
  gcDelay: {
    hint: "duration",
    help: "Time for which sandboxes of ended executors are kept while the disk has room",
    fallback: "1weeks",
  },
  gcDiskHeadroom: {
    hint: "share",
    help: "Share of the disk that is kept free by removing old sandboxes",
    fallback: "0.1",
  },
  gcNonExecutorContainerSandboxes: {
    help: "Remove sandboxes of nested and standalone containers by age too, without waiting for their executor's end or a call",
    fallback: "false",
  },
  diskWatchInterval: {
    hint: "duration",
    help: "Time between two measurements of the disk",
    fallback: "1mins",
  },
  maxCompletedExecutorsPerFramework: {
    hint: "count",
    help: "Ended executors that are remembered of each framework",
    fallback: "150",
  },
  launchTimeout: {
    hint: "duration",
    help: "Time a task has to start, fetching and image included",
    fallback: "10mins",
    ours: true,
  },
  fetcherCacheDir: {
    hint: "dir",
    help: "Where files that tasks share are kept; fetch/ below the work directory by default, emptied at each start",
  },
  fetcherCacheSize: {
    hint: "size",
    help: "Most that the shared files take; the least recently used go first",
    fallback: "2GB",
  },
  fetcherStallTimeout: {
    hint: "duration",
    help: "Time without a byte after which a download is given up",
    fallback: "1mins",
  },
  frameworksHome: {
    hint: "dir",
    help: "Where the relative paths begin that tasks fetch",
  },
  hadoopHome: {
    hint: "dir",
    help: "Where the Hadoop client is installed that fetches hdfs:// URIs; hadoop is looked for in PATH by default",
  },
  fetcherS3Endpoint: {
    hint: "url",
    help: "Where s3:// URIs are fetched from; Amazon's address of the region by default",
    ours: true,
  },
  fetcherS3Region: {
    hint: "region",
    help: "Region of s3:// URIs; AWS_REGION in the environment, else us-east-1, by default",
    ours: true,
  },
  fetcherS3AccessKey: {
    hint: "key",
    help: "Who fetches s3:// URIs; AWS_ACCESS_KEY_ID in the environment by default, nobody without",
    ours: true,
  },
  fetcherS3SecretKey: {
    hint: "key",
    help: "The secret of that key; AWS_SECRET_ACCESS_KEY in the environment does too",
    secret: true,
    ours: true,
  },
  containerDiskWatchInterval: {
    hint: "duration",
    help: "Time between two measurements of what containers keep on disk",
    fallback: "15secs",
  },
  enforceContainerDiskQuota: {
    help: "End containers that keep more on disk than their resources say",
    fallback: "true",
  },
  enforceContainerMemory: {
    help: "End tasks that use more memory than they may where no cgroup keeps them within it",
    fallback: "true",
    ours: true,
  },
  containerPortsWatchInterval: {
    hint: "duration",
    help: "Time between two looks at the ports that tasks listen on, with network/ports in --isolation",
    fallback: "30secs",
  },
  enforceContainerPorts: {
    help: "End tasks that listen on ports of this machine which they were not given",
    fallback: "false",
  },
  checkAgentPortRangeOnly: {
    help: "Look at the ports only that this node offers",
    fallback: "false",
  },
  containerPortsIsolatedRange: {
    hint: "ranges",
    help: "The only ports to look at, such as [31000-32000]",
  },
  isolation: {
    hint: "isolators",
    help: "How tasks are isolated, by Mesos' names: cgroups/cpu,cgroups/mem by the kernel, posix/cpu,posix/mem by measuring, disk/du for their disk; what only containers have, such as namespaces/pid, makes every task one; by default the best limits that this machine can keep",
  },
  csiPluginConfigDir: {
    hint: "dir",
    help: "Describes the CSI plugins of this node, a JSON CSIPluginInfo in each file; tasks then use their volumes",
  },
  hostPathVolumeForceCreation: {
    hint: "dirs",
    help: "Directories, with colons between them, below which host paths of volumes are made where they are missing",
  },
  containerizers: {
    hint: "names",
    help: "What runs containers: mesos (processes and runc), docker, or both",
    fallback: "mesos,docker",
  },
  launcher: {
    hint: "launcher",
    help: "How tasks without a container run: as processes of this machine (posix), or in one of runc (linux), as tasks with a MESOS container do in any case; posix by default, unless --isolation needs containers",
  },
  imageProviders: {
    hint: "names",
    help: "Images that runc runs: docker, which includes OCI's; empty for none",
    fallback: "docker",
  },
  dockerStoreDir: {
    hint: "dir",
    help: "Where images for runc are kept; store/docker below the work directory by default",
  },
  dockerRegistry: {
    hint: "url",
    help: "Where images come from whose name says no registry: a URL, or a directory with archives of docker save",
    fallback: "https://registry-1.docker.io",
  },
  imageProvisionerBackend: {
    hint: "backend",
    help: "How runc's containers see their images: overlay, with a layer of their own on top, or bind, which cannot be written to",
    fallback: "overlay",
  },
  sandboxDirectory: {
    hint: "path",
    help: "Where containers with an image see their sandbox",
    fallback: "/mnt/mesos/sandbox",
  },
  dockerConfig: {
    hint: "json",
    help: "Credentials of registries: a Docker config.json, or its path",
    secret: true,
  },
  imageGcConfig: {
    hint: "json",
    help: "When images that nobody uses go, as ImageGcConfig of the Mesos API; never by default",
  },
  cgroupsRoot: {
    hint: "name",
    help: "Name of the cgroup above all containers'",
    fallback: "mesos",
  },
  cgroupsEnableCfs: {
    help: "Limit containers to the cpus they asked for, even where others are idle",
    fallback: "false",
  },
  cgroupsNetClsPrimaryHandle: {
    hint: "number",
    help: "Upper half of the class ids by which the packets of containers are told, such as 0x12, with cgroups/net_cls in --isolation",
  },
  cgroupsNetClsSecondaryHandles: {
    hint: "range",
    help: "First and last of their lower halves, such as 0x1,0xffff, which are the ones by default",
  },
  cgroupsLimitSwap: {
    help: "Limit memory and swap together to what containers may use of memory",
    fallback: "false",
  },
  seccompConfigDir: {
    hint: "dir",
    help: "Where profiles of system calls lie, in Docker's format, that tasks in runc containers may name",
  },
  seccompProfileName: {
    hint: "name",
    help: "The profile in that directory of tasks that name none; a built-in one like Docker's by default",
  },
  effectiveCapabilities: {
    hint: "json",
    help: 'Capabilities of tasks in runc containers that name none: {"capabilities":["CHOWN"]}; those of Docker by default',
  },
  boundingCapabilities: {
    hint: "json",
    help: "The most capabilities that tasks in runc containers can ask for; all by default",
  },
  allowedDevices: {
    hint: "json",
    help: 'Devices of runc containers beyond the usual ones: {"allowed_devices":[{"device":{"path":"/dev/fuse"},"access":{"read":true,"write":true}}]}',
  },
  defaultContainerShmSize: {
    hint: "size",
    help: "Size of /dev/shm of runc containers that have their own and name none; half the memory of the machine by default",
  },
  disallowSharingAgentPidNamespace: {
    help: "Refuse tasks in runc containers that want to see the processes of this machine",
    fallback: "false",
  },
  disallowSharingAgentIpcNamespace: {
    help: "Refuse tasks in runc containers that want the shared memory of this machine",
    fallback: "false",
  },
  containerPidsLimit: {
    hint: "count",
    help: "Most processes and threads of a runc container",
    fallback: "8192",
    ours: true,
  },
  networkCniConfigDir: {
    hint: "dir",
    help: "Describes the networks that tasks in runc containers can join by name, as files of CNI (.conf, .conflist, .json); read at each launch",
  },
  networkCniPluginsDir: {
    hint: "dirs",
    help: "Where the programs of CNI's plugins are, several directories with colons between them",
    fallback: "/usr/lib/cni:/opt/cni/bin",
  },
  dockerKillOrphans: {
    help: "End Docker containers of this agent that it has no record of",
    fallback: "true",
  },
  dockerRemoveDelay: {
    hint: "duration",
    help: "Time for which Docker containers that have ended are kept, for docker inspect",
    fallback: "0secs",
  },
  defaultContainerDns: {
    hint: "json",
    help: 'How names are resolved in networks that do not say: {"mesos":[{"network_mode":"CNI","network_name":"net","dns":{"nameservers":["10.0.0.1"]}}],"docker":[{"network_mode":"BRIDGE","dns":{"nameservers":["10.0.0.1"]}}]}',
  },
  dockerSocket: {
    hint: "path",
    help: "Socket of the Docker daemon",
    fallback: "/var/run/docker.sock",
  },
  insecureApi: {
    help: "Answer API requests from other machines, whoever asks",
    fallback: "false",
    ours: true,
  },
  logLevel: {
    hint: "level",
    help: "debug, info, warn or error",
    fallback: "info",
    ours: true,
  },
} as const satisfies SettingTable
