import { ClusterStore, defineCommand, fail, flag, optionalArgument } from "#lib/cli/index.ts"
import type { Cluster, Context } from "#lib/cli/index.ts"
import { metadataAt } from "#lib/client/index.ts"

/** A cluster that takes longer to tell its version is taken as unavailable. */
const TIMEOUT_MS = 3_000

export const command = defineCommand({
  input: {
    name: optionalArgument("cluster", { from: "cluster list --names" }),
    all: flag("Remove all clusters."),
    unavailable: flag("Remove the clusters that do not answer."),
  },
  async run(context, { name, all, unavailable }) {
    if (name !== undefined && (all || unavailable))
      fail("cannot accept both a cluster name and the --all / --unavailable option")
    if (name === undefined && !all && !unavailable)
      fail("either a cluster name or one of the --all / --unavailable option must be passed")
    const store = new ClusterStore(context)
    const clusters = name === undefined ? await store.list() : [await store.find(name)]
    for (const cluster of clusters)
      if (!unavailable || !(await answers(context, cluster))) await store.remove(cluster.id)
  },
})

async function answers(context: Context, { config }: Cluster): Promise<boolean> {
  const client = metadataAt(context, {
    url: config.get("core.dcos_url")?.toString() ?? "",
    token: config.get("core.dcos_acs_token")?.toString(),
    verify: config.get("core.ssl_verify")?.toString() !== "false",
    timeoutMs: TIMEOUT_MS,
  })
  return client.version().then(
    () => true,
    () => false,
  )
}
