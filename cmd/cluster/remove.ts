import {
  ClusterStore,
  defineCommand,
  fail,
  flag,
  optionalArgument,
  settingsOf,
} from "#lib/cli/index.ts"
import type { Cluster, Context } from "#lib/cli/index.ts"
import { probeCluster } from "#lib/client/index.ts"

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

const answers = (context: Context, cluster: Cluster): Promise<boolean> =>
  probeCluster(context, settingsOf(cluster))
    .version()
    .then(
      () => true,
      () => false,
    )
