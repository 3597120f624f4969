/**
 * What the reference says of containers (sections 8.6 and 9), row by row and line by line, and the tests
 * that would fail without it: files, and names of tests in them.
 */
export type Proofs = Readonly<Record<string, readonly string[]>>

const RUNC = "lib/io/runc/isolation.test.ts"
const RUNTIME = "lib/io/runc/runc-runtime.test.ts"
const ISOLATION = "lib/roles/isolation.test.ts"
const PROCESS = "lib/io/process/process-runtime.test.ts"
const DOCKER = "lib/io/docker/docker-runtime.test.ts"
const CREATE = "lib/io/docker/create-options.test.ts"
const VOLUMES = "test/e2e/volumes.test.ts"
const PLACES = "lib/io/volumes/places.test.ts"
const IMAGES = "lib/io/images/disk-image-store.test.ts"
const REGISTRY = "lib/io/images/registry/registry-client.test.ts"
const UNPACK = "lib/io/images/unpack/unpack-layer.test.ts"
const LIMITS = "test/e2e/limits.test.ts"
const GROUPS = "test/e2e/task-groups.test.ts"

const REFUSED: Proofs = { [ISOLATION]: ["as Mesos knows it and this agent does not: %s"] }
const HIERARCHIES: Proofs = {
  [RUNC]: ["/blkio, /cpuset, /hugetlb, /net_cls, /net_prio, /all: a group in every hierarchy"],
  [ISOLATION]: ["where its cgroups are missing: %s"],
}

/** The rows of 9.2, by the name of the isolator. */
export const ISOLATOR_ROWS: Readonly<Record<string, Proofs>> = {
  "filesystem/posix": {
    [PROCESS]: ["runs a shell command in its sandbox and reports its exit code"],
    [PLACES]: ["links replace links and empty directories, and nothing else"],
    [ISOLATION]: ["is refused where tasks are to be processes"],
  },
  "filesystem/linux": {
    [RUNC]: [
      "an image is the root, with a /proc, /sys and /dev that hide the machine",
      "the sandbox is where the operator wants it",
      "an image that cannot be written to leaves the sandbox and volumes to write to",
    ],
    [ISOLATION]: ["makes every task one"],
  },
  "filesystem/shared": REFUSED,
  "posix/cpu": { [PROCESS]: ["statistics add up the container's processes"] },
  "posix/mem": {
    [LIMITS]: ["a task that uses up its memory is found by measuring where no cgroup holds it"],
    [ISOLATION]: [
      "what is only to be measured is not given to the kernel, and a disk only where it is named",
    ],
  },
  "posix/rlimits": { [PROCESS]: ["applies resource limits"], [RUNTIME]: ["has its limits"] },
  "cgroups/all": {
    ...HIERARCHIES,
    [ISOLATION]: ["isolators say what the kernel keeps", "where its cgroups are missing: %s"],
  },
  "cgroups/blkio": {
    ...HIERARCHIES,
    "test/e2e/monitoring.test.ts": ["statistics tell what ${kind.name} uses"],
    "lib/io/host/block-statistics.test.ts": ["version 2 tells them in one line for each device"],
  },
  "cgroups/cpu": {
    [RUNC]: ["/cpu: shares by cpus, a quota by a limit or where the operator wants one"],
    "lib/io/host/task-limits.test.ts": [
      "never fall below what the kernel takes",
      "that may be taken back weigh a hundredth",
    ],
  },
  "cgroups/cpuset": HIERARCHIES,
  "cgroups/devices": { [RUNC]: ["/devices: the usual ones, and what the operator allows"] },
  "cgroups/hugetlb": HIERARCHIES,
  "cgroups/mem": {
    [RUNC]: [
      "/mem: the request is what is kept, the limit what is never exceeded",
      "/mem: swap is part of the limit where the operator wants that",
    ],
    [RUNTIME]: [
      "that uses up its memory ends with that limitation",
      "may use the memory that it is given later, and keeps it",
    ],
    [LIMITS]: ["a task that uses up its memory is ended by the kernel, and says so"],
  },
  "cgroups/net_cls": {
    ...HIERARCHIES,
    [RUNC]: ["of each container have a class id, which the kernel is told, or nothing runs"],
    "lib/io/runc/net-cls.test.ts": [
      "each container has a class id of its own, until none is left",
      "those of containers that run on are not given again",
    ],
  },
  "cgroups/net_prio": HIERARCHIES,
  "cgroups/perf_event": REFUSED,
  "cgroups/pids": {
    [RUNC]: ["/pids: a container has so many processes and no more"],
    [RUNTIME]: ["is the end of a fork bomb"],
  },
  "appc/runtime": REFUSED,
  "docker/runtime": {
    "lib/io/runc/command.test.ts": [
      "what runs in a container, by the table of the Docker runtime isolator",
    ],
    "test/e2e/containers.test.ts": ["an app runs its image as the image says"],
  },
  "linux/capabilities": {
    [RUNC]: [
      "/capabilities: root has Docker's where nobody says otherwise",
      "/capabilities: what a task or the operator names, up to the ceiling",
    ],
    "lib/io/runc/capabilities.test.ts": ["are bounded apart from those in effect"],
  },
  "linux/devices": { [RUNC]: ["/devices: nodes of what the operator allows"] },
  "linux/nnp": { [RUNC]: ["/nnp: no program gains rights"], [ISOLATION]: ["makes every task one"] },
  "linux/seccomp": {
    [RUNC]: ["/seccomp: the profile that a task names, and none where it says so"],
    [RUNTIME]: ["cannot make the system calls that its rights are not for"],
    "lib/io/runc/seccomp-profile.test.ts": ["counts as far as its conditions are met"],
  },
  "namespaces/ipc": {
    [RUNC]: ["/ipc: its own shared memory, of the size asked for, or the machine's"],
  },
  "namespaces/pid": { [RUNC]: ["/pid: its own, or the machine's where that is allowed"] },
  "volume/sandbox_path": { [PLACES]: ["is made where it is missing, and may be a file"] },
  "volume/host_path": {
    [PLACES]: ["a host path must be there, or lie below one that may be made"],
    [RUNTIME]: ["sees volumes where it wants them, read-only ones too"],
  },
  "volume/image": {
    [RUNC]: ["an image is seen where the container wants it, beside its own"],
    "lib/agent/core/volumes.test.ts": [
      "when it is an image, and the task has none or is not runc's",
    ],
  },
  "volume/secret": {
    [VOLUMES]: ["see their secrets, which nobody else sees and which end with them"],
  },
  "volume/csi": {
    "lib/io/csi/plugin-volumes.test.ts": [
      "stages and publishes a volume with all that is said of it, and takes both back",
    ],
    "lib/io/csi/plugins.test.ts": ["reads each file of the directory; the first of a type counts"],
  },
  "docker/volume": {
    [VOLUMES]: ["use the volume of a Docker plugin, over a restart of the agent"],
    "lib/io/volumes/container-volumes.test.ts": [
      "are made with their options, mounted once for all who use them, unmounted with the last",
    ],
  },
  "disk/du": {
    [LIMITS]: ["a task that fills its sandbox is ended with Mesos' reason and words"],
    "test/e2e/containers.test.ts": ["what a task writes into its image counts as its disk"],
    "lib/agent/disk-watch.test.ts": [
      "tells which of its disks a container has filled, unless nobody wants to know",
    ],
  },
  "disk/xfs": REFUSED,
  "gpu/nvidia": {
    "test/e2e/gpus.test.ts": [
      "tasks are told of the GPUs that they were given, and of no others",
      "a container of runc opens its own GPUs only",
    ],
    [CREATE]: ["device files are the container's at their own paths"],
  },
  "network/cni": {
    "test/e2e/networks.test.ts": [
      "an app has an address, and a port of its machine",
      "members of a group share a network, but for who names another",
    ],
    "test/e2e/networks-inside.test.ts": [
      "`dcos task exec` is in the network of a group's member",
      "an executor of a framework reaches its agent from a network",
    ],
    "lib/io/cni/container-networks.test.ts": [
      "tells plugins what its task said of the network, to leave it what they answered",
    ],
  },
  "network/port_mapping": REFUSED,
  "network/ports": {
    [LIMITS]: [
      "a task that listens on a port which it was not given is told of, and ended where that is wanted",
    ],
    "lib/agent/port-watch.test.ts": ["tells of it once, and ends nobody, unless that is wanted"],
    [ISOLATION]: ["looks at all ports, those of the node, or some"],
  },
  environment_secret: {
    [RUNTIME]: ["knows its secrets, as commands in it do; its records keep none"],
  },
}

/** The lines of the other parts, by what they say. */
export const LINES: Readonly<Record<string, Proofs>> = {
  "8.6 sandboxes: the age allowed shrinks as the disk fills": {
    "test/e2e/sandbox-gc.test.ts": [
      "sandboxes of ended tasks are kept until the disk is short of room, also by a later agent",
    ],
    "lib/agent/core/sandbox-gc.test.ts": ["measures the disk every minute"],
  },
  "8.6 what is kept in memory has limits": {
    "lib/agent/core/sandbox-gc.test.ts": [
      "keeps so many tasks, executors and frameworks in its history, and no more",
    ],
  },
  "9.1 containerizers and launcher": {
    "lib/agent/core/task-support.test.ts": ["the runtime of a task"],
    "lib/roles/container-options.test.ts": ["not with --%s=%s"],
  },
  "9.1 cgroups of versions 1 and 2": {
    "lib/io/runc/cgroup-tree.test.ts": [
      "hold processes in leaves, below those of the containers that they are nested in",
      "hold processes themselves",
    ],
    "lib/io/runc/cgroup-tree.kernel.test.ts": [
      "a container's processes are found and killed at once",
    ],
  },
  "9.1 the launcher that isolators need": {
    "lib/roles/must-contain.test.ts": [
      "an agent whose tasks are to be contained does not start where nothing can contain them",
    ],
    "test/e2e/errors.test.ts": [
      "isolators and flags of Mesos that an agent does not have are named with the reason",
    ],
  },
  "9.1 aliases and what excludes each other": {
    [ISOLATION]: ["older names are told by those that replaced them", "in %s"],
  },
  "9.1 environment, later wins": {
    "lib/io/runc/command.test.ts": ["is the agent's, then the image's, then the command's"],
  },
  "9.3 names, registries and their credentials": {
    "test/e2e/images.test.ts": ["a registry with names and passwords wants the right ones"],
    [REGISTRY]: [
      "with a token, which is fetched once and again when it has run out",
      "kinds of images that are not used",
    ],
  },
  "9.3 archives of docker save": {
    "test/e2e/images.test.ts": ["what docker save writes is an image"],
    "lib/io/images/store/archive.test.ts": [
      "an archive of docker save is one too, also as the registry of names without a host",
    ],
  },
  "9.3 the store: pulls are joined": {
    [IMAGES]: ["requests for the same image share one pull; images share their layers"],
  },
  "9.3 backends: overlay and bind": {
    [RUNC]: [
      "what a container writes into its image is its own",
      "an image that cannot be written to leaves the sandbox and volumes to write to",
    ],
    "test/e2e/images.test.ts": ["an image of a hundred layers can be mounted"],
  },
  "9.3 whiteouts": { [UNPACK]: ["become devices and opaque directories"] },
  "9.3 collection of images": {
    [IMAGES]: [
      "the image used longest ago goes first when the disk fills up, and only as many as needed",
      "prunes what nobody holds; layers go with their last image",
    ],
    "test/compat/agent-operator.test.ts": [
      "4.6: PRUNE_IMAGES removes the images that nobody uses, but for those it names",
    ],
  },
  "9.4 shell with and without a value": {
    "lib/io/runc/command.test.ts": ["a shell command", "a shell command without text"],
  },
  "9.4 a value and arguments": {
    "lib/io/runc/command.test.ts": ["a value with argv", "a value alone"],
  },
  "9.4 Entrypoint and Cmd": {
    "lib/io/runc/command.test.ts": ["Entrypoint and Cmd", "nothing of anything"],
  },
  "9.4 Entrypoint, or Cmd's program, with arguments": {
    "lib/io/runc/command.test.ts": [
      "Entrypoint with arguments",
      "the program of Cmd with arguments",
      "arguments for nothing",
    ],
  },
  "9.5 members share limits, or have their own": {
    "lib/io/runc/family-limits.test.ts": [
      "share their memory, which grows with each that joins and is not taken away",
      "that have limits of their own keep them",
    ],
  },
  "9.5 sandboxes of members, and their end": {
    [GROUPS]: [
      "members run side by side, each in a sandbox within their executor's",
      "one that fails takes its group along, one that finishes does not",
      "containers nest in a member to any depth, and end with it",
    ],
  },
  "9.6 names, orphans and how long they are kept": {
    [DOCKER]: [
      "removes only its own containers that no record names",
      "leaves containers that no record names alone where the operator wants that",
      "keeps containers that have ended for a while where the operator wants that",
    ],
  },
  "9.6 images are pulled where they are absent, or by force": {
    "lib/io/docker/images.test.ts": ["pulls an image only when it is absent, or by force"],
    "test/e2e/docker-containers.test.ts": [
      "an image that is there is not pulled again unless that is forced",
    ],
  },
  "9.6 limits": {
    [CREATE]: [
      "shares for cpus and a hard limit for memory, with their least values",
      "a limit above the request makes the request a reservation",
      "cpus are a hard limit too where the operator wants that",
    ],
  },
  "9.6 environment and sandbox": {
    [CREATE]: ["names and labels the container, binds its sandbox and sets its environment"],
  },
  "9.6 networks, host names and ports": {
    [CREATE]: [
      "publishes ports that the task has",
      "refuses ports that the task lacks, and ports without a network of its own",
      "joins the one named network of USER",
      "sets a hostname except on the host network",
    ],
  },
  "9.6 commands": {
    [CREATE]: [
      "runs shell commands by /bin/sh, others by the image's entrypoint with value and arguments",
    ],
  },
  "9.6 volumes and their drivers": {
    [CREATE]: ["of the host, of the sandbox, of a driver and of the container itself"],
  },
  "9.6 parameters, privileged": {
    "test/e2e/docker-containers.test.ts": [
      "parameters are those of docker run",
      "a container is privileged when it says so, and only then",
    ],
  },
  "9.6 the end, and logs in the sandbox": {
    "test/e2e/docker.test.ts": [
      "a container gets its grace to end, and no more",
      "what a container writes is in its sandbox, by stream",
    ],
    [DOCKER]: ["loses and doubles no output over restarts of the agent"],
  },
}
