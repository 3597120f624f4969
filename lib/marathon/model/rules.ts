/** Features that an operator switches on with `--enable_features`. */
export type Feature = "vips" | "task_killing" | "external_volumes" | "secrets" | "gpu_resources"

/** The settings of a Marathon that decide what an app definition means and whether it is valid. */
export type ModelRules = {
  /** `--mesos_role`: the role of apps whose group does not enforce its own. */
  readonly defaultRole: string
  /** `--default_network_name`: for container networks without a name. */
  readonly defaultNetworkName?: string | undefined
  /** `--mesos_bridge_name`: an `ipAddress.networkName` of this name means bridge mode. */
  readonly bridgeName: string
  readonly features: ReadonlySet<Feature>
}

/** The settings of a Marathon started without flags: the features that DC/OS switched on, as far as ours has them. */
export const DEFAULT_RULES: ModelRules = {
  defaultRole: "*",
  bridgeName: "mesos-bridge",
  features: new Set<Feature>(["vips", "task_killing", "external_volumes", "gpu_resources"]),
}
