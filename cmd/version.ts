import { defineCommand } from "#lib/cli/index.ts"
import { probeCluster, type ClusterVersion } from "#lib/client/index.ts"

export const command = defineCommand({
  input: {},
  async run(context) {
    context.print(`dcoscli.version=${context.version}`)
    const settings = await context.settings()
    if (settings.get("core.dcos_url") === undefined) return
    const cluster = await probeCluster(context, settings)
      .version()
      .catch((): ClusterVersion => ({}))
    context.print(`dcos.version=${cluster.version || "N/A"}`)
    context.print(`dcos.variant=${cluster["dcos-variant"] || "N/A"}`)
    context.print(`dcos.commit=${cluster["dcos-image-commit"] || "N/A"}`)
    context.print(`dcos.bootstrap-id=${cluster["bootstrap-id"] || "N/A"}`)
  },
})
