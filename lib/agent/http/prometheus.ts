import { PROMETHEUS_TYPE, prometheusText } from "#lib/std/prometheus.ts"

/** What only grows since the agent started. */
const counter = new RegExp(
  [
    "^slave/tasks_(finished|failed|killed|lost|gone)$",
    "^slave/(valid|invalid)_",
    "^slave/(container_launch|recovery)_errors$",
    "^slave/executors_(terminated|preempted)$",
    "^containerizer/.*(_errors|_succeeded|_failed)$",
    "^gc/path_removals_(succeeded|failed)$",
  ].join("|"),
)

/** The metrics of `/metrics/snapshot` as `/metrics` shows them to Prometheus. */
export const replyPrometheus = (metrics: Readonly<Record<string, number>>): Response =>
  new Response(
    prometheusText(metrics, {
      prefix: "mesos_",
      templates: [],
      isCounter: (path) => counter.test(path),
    }),
    { headers: { "content-type": PROMETHEUS_TYPE } },
  )
