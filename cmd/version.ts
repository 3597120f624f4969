import { defineCommand } from "#lib/cli/index.ts"
import { metadataAt, type ClusterVersion } from "#lib/client/index.ts"

/** A cluster that takes longer to tell its version is taken as unreachable. */
const TIMEOUT_MS = 3_000

export const command = defineCommand({
  input: {},
  async run(context) {
    context.print(`dcoscli.version=${context.version}`)
    const settings = await context.settings()
    const url = settings.get("core.dcos_url")
    if (url === undefined) return
    const token = settings.get("core.dcos_acs_token")
    const verify = settings.get("core.ssl_verify") !== "false"
    const client = metadataAt(context, { url, token, verify, timeoutMs: TIMEOUT_MS })
    const cluster = await client.version().catch((): ClusterVersion => ({}))
    context.print(`dcos.version=${cluster.version ?? "N/A"}`)
    context.print(`dcos.variant=${cluster["dcos-variant"] ?? "N/A"}`)
    context.print(`dcos.commit=${cluster["dcos-image-commit"] ?? "N/A"}`)
    context.print(`dcos.bootstrap-id=${cluster["bootstrap-id"] ?? "N/A"}`)
  },
})
