import manifest from "#package.json" with { type: "json" }

declare const DCOS_COMMIT: string | undefined

/** Version of the Mesos API that master and agent speak. */
export const MESOS_VERSION = "1.12.0"

/** Version of the Marathon API that is spoken. */
export const MARATHON_VERSION = "1.11.0"

/** Version of this executable. */
export const DCOS_VERSION: string = manifest.version

/** What was built, as `/version` of master and agent tells it. */
export const buildInfo = {
  version: MESOS_VERSION,
  buildDate: "",
  buildTime: 0,
  buildUser: "",
  gitSha: typeof DCOS_COMMIT === "string" ? DCOS_COMMIT : undefined,
} as const
