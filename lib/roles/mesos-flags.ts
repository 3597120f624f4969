const names = (list: string, why: string): readonly (readonly [string, string])[] =>
  list
    .trim()
    .split(/\s+/)
    .map((name) => [name, why] as const)

/**
 * Flags of mesos-agent that this agent does not take, by Mesos' spelling, and why: whoever brings his
 * old configuration is told instead of being left to believe that they do something.
 * Source: apache/mesos: src/slave/flags.cpp.
 */
export const REFUSED_AGENT_FLAGS: Readonly<Record<string, string>> = Object.fromEntries([
  ...names(
    `modules modules_dir hooks authenticatee authorizer http_authenticators secret_resolver
     container_logger disk_profile_adaptor resource_estimator qos_controller
     qos_correction_interval_min oversubscribed_resources_interval master_detector`,
    "modules of Mesos cannot be loaded: what they did is built in or not there",
  ),
  ...names(
    "appc_simple_discovery_uri_prefix appc_store_dir",
    "images of type APPC are not supported: use Docker's or OCI's",
  ),
  ...names(
    "docker docker_mesos_image",
    "Docker is spoken to over --docker-socket, and its tasks have no executor process",
  ),
  ...names(
    "docker_volume_checkpoint_dir docker_volume_chown",
    "plugins of Docker volumes are spoken to by the agent, which keeps its books below --work-dir",
  ),
  ...names(
    "docker_stop_timeout",
    "tasks say how long they may take to end, or --executor-shutdown-grace-period does",
  ),
  ...names("default_container_info", "tasks say by themselves what container they need"),
  ...names("docker_ignore_runtime", "what an image says of its command always counts"),
  ...names("network_cni_metrics", "calls of CNI's plugins are not among the metrics"),
  ...names(
    "network_cni_root_dir_persist",
    "what is known of networks always lies below --work-dir and outlives a restart of the machine",
  ),
  ...names("launcher_dir", "there are no helper programs: the agent is one executable"),
  ...names("runtime_dir", "what is kept of containers lies in runtime/ below --work-dir"),
  ...names(
    "volume_gid_range",
    "a volume is given to the user of its task, not to a group of its own",
  ),
  ...names(
    `authentication_backoff_factor authentication_timeout_min authentication_timeout_max credential`,
    "agents join by --join-token",
  ),
  ...names(
    `http_credentials authenticate_http_readonly authenticate_http_readwrite acls firewall_rules`,
    "the agent answers its API on its own machine only, unless --insecure-api says otherwise",
  ),
  ...names("http_command_executor", "the executor of commands is part of the agent"),
  ...names(
    "executor_reregistration_retry_interval http_heartbeat_interval",
    "executors are reached anew without being asked again and again",
  ),
  ...names(
    "cgroups_hierarchy agent_subsystems cgroups_destroy_timeout",
    "cgroups are used where they are mounted: below /sys/fs/cgroup",
  ),
  ...names(
    "cgroups_cpu_enable_pids_and_tids_count",
    "processes and threads are always among the statistics",
  ),
  ...names(
    "perf_events perf_interval perf_duration",
    "hardware counters are not sampled here: run perf on the node, by cgroup",
  ),
  ...names("revocable_cpu_low_priority", "revocable cpus always have the lowest weight"),
  ...names(
    "systemd_enable_support systemd_runtime_directory",
    "containers outlive the agent without systemd: start it with KillMode=process",
  ),
  ...names("agent_features", "an agent has all features that its version has"),
  ...names(
    "xfs_project_range xfs_kill_containers xfs_quota_headroom",
    "project quotas of XFS are not used: disk/du measures on any file system",
  ),
  ...names(
    `ephemeral_ports_per_container eth0_name lo_name egress_rate_limit_per_container
     egress_rate_per_cpu minimum_egress_rate_limit maximum_egress_rate_limit egress_ceil_limit
     egress_burst egress_unique_flow_per_container egress_flow_classifier_parent
     ingress_rate_limit_per_container ingress_rate_per_cpu minimum_ingress_rate_limit
     maximum_ingress_rate_limit ingress_ceil_limit ingress_burst ingress_isolate_existing_containers
     network_link_speed network_enable_socket_statistics_summary
     network_enable_socket_statistics_details network_enable_snmp_statistics
     network_enable_rate_statistics network_rate_statistics_window network_rate_statistics_interval`,
    "they belong to the isolator network/port_mapping, which is not supported: use network/cni",
  ),
  ...names(
    "ip_discovery_command ip6_discovery_command ip6 advertise_port",
    "say the address with --advertise-ip and the port with --port",
  ),
  ...names("zk_session_timeout", "there is no ZooKeeper: --master names the master's URL"),
  ...names("resource_provider_config_dir", "CSI plugins are described in --csi-plugin-config-dir"),
  ...names("docker_stop_timeout", "a task's kill policy says how long it has to end"),
  ...names("default_container_info", "what a task says of its container is all that counts"),
  ...names("hostname_lookup", "a node is called by its address unless --hostname says otherwise"),
  ...names("memory_profiling", "the agent's memory is profiled by other means"),
])
