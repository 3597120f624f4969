import type { UriFetcherOptions } from "#lib/io/index.ts"
import type { AgentSettings } from "./agent-options.ts"
import type { RoleEnvironment } from "./settings.ts"

/** What the fetcher is told; keys that the settings do not name are those of the AWS environment. */
export function fetcherOptions(
  settings: AgentSettings,
  { env }: RoleEnvironment,
): Partial<UriFetcherOptions> {
  const cacheDir = settings.text("fetcherCacheDir")
  const named = settings.text("fetcherS3AccessKey")
  // A key of the settings and a token of the environment would belong to different accounts.
  const token = named === undefined ? env["AWS_SESSION_TOKEN"] : undefined
  return {
    ...(cacheDir === undefined ? {} : { cacheDir }),
    cacheBytes: settings.bytes("fetcherCacheSize"),
    stallTimeoutMs: settings.duration("fetcherStallTimeout"),
    frameworksHome: settings.text("frameworksHome"),
    hadoopHome: settings.text("hadoopHome"),
    objectStore: {
      endpoint: settings.text("fetcherS3Endpoint"),
      region: settings.text("fetcherS3Region") ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"],
      accessKeyId: named ?? env["AWS_ACCESS_KEY_ID"],
      secretAccessKey: settings.text("fetcherS3SecretKey") ?? env["AWS_SECRET_ACCESS_KEY"],
      sessionToken: token,
    },
  }
}
