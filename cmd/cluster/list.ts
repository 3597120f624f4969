import {
  clusterName,
  ClusterStore,
  defineCommand,
  fail,
  flag,
  renderJson,
  renderTable,
  settingsOf,
} from "#lib/cli/index.ts"
import type { Cluster, Context } from "#lib/cli/index.ts"
import { probeCluster } from "#lib/client/index.ts"

type Row = {
  readonly attached: boolean
  readonly cluster_id: string
  readonly name: string
  readonly status: "AVAILABLE" | "UNAVAILABLE"
  readonly url: string
  readonly version: string
}

export const command = defineCommand({
  input: {
    attached: flag("Show only the attached cluster."),
    json: flag("Print in JSON format."),
    names: flag("Print only names and ids.", { hidden: true }),
  },
  async run(context, { attached, json, names }) {
    const store = new ClusterStore(context)
    const current = await store.current().catch(() => undefined)
    const all = await store.list()
    const clusters = all.filter((cluster) => !attached || cluster.id === current?.id)
    if (attached && clusters.length === 0)
      fail("no cluster is attached. Please run `dcos cluster attach <cluster-name>`")
    if (names) {
      for (const cluster of clusters) context.print(`${clusterName(cluster)}\n${cluster.id}`)
      return
    }
    const rows = await Promise.all(
      clusters.map((cluster) => describe(context, cluster, cluster.id === current?.id)),
    )
    rows.sort((a, b) => (a.name < b.name ? -1 : 1))
    if (json) context.stdout.write(renderJson(rows))
    else
      context.stdout.write(
        renderTable(["", "NAME", "ID", "STATUS", "VERSION", "URL"], rows.map(renderRow)),
      )
  },
})

async function describe(context: Context, cluster: Cluster, attached: boolean): Promise<Row> {
  const version = await probeCluster(context, settingsOf(cluster))
    .version()
    .then(
      (answer) => answer.version ?? "UNKNOWN",
      () => undefined,
    )
  return {
    attached,
    cluster_id: cluster.id,
    name: clusterName(cluster),
    status: version === undefined ? "UNAVAILABLE" : "AVAILABLE",
    url: cluster.config.get("core.dcos_url")?.toString() ?? "",
    version: version ?? "UNKNOWN",
  }
}

const renderRow = (row: Row): string[] => [
  row.attached ? "*" : "",
  row.name,
  row.cluster_id,
  row.status,
  row.version,
  row.url,
]
