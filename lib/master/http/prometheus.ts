import { PROMETHEUS_TYPE, prometheusText } from "#lib/std/prometheus.ts"

/** Where names of frameworks, principals, roles and resources stand in metrics' names. */
const TEMPLATES = [
  "master/frameworks/{framework_name}/{framework_id}/roles/{role...}/suppressed",
  "master/frameworks/{framework_name}/{framework_id}/*",
  "frameworks/{principal}/messages_received",
  "frameworks/{principal}/messages_processed",
  "allocator/mesos/resources/{resource}/*",
  "allocator/mesos/offer_filters/roles/{role...}/active",
  "allocator/mesos/quota/roles/{role...}/resources/{resource}/guarantee",
  "allocator/mesos/quota/roles/{role...}/resources/{resource}/limit",
  "allocator/mesos/quota/roles/{role...}/resources/{resource}/offered_or_allocated",
  "allocator/mesos/roles/{role...}/shares/dominant",
]

/** What only grows; operations are gauges while pending, so they count as gauges here. */
const counter = new RegExp(
  [
    "^master/(messages|valid|invalid|slave|task|dropped|http_cache)_",
    "^master/tasks_(finished|failed|killed|lost|error|dropped|gone|gone_by_operator)$",
    "^master/recovery_slave_removals$",
    "^master/frameworks/[^/]+/[^/]+/(calls|events|offers|tasks/terminal)(/|$)",
    "^frameworks/.+/messages_(received|processed)$",
    "^allocator/mesos/allocation_runs$",
  ].join("|"),
)

/** The metrics of `/metrics/snapshot` as `/metrics` shows them to Prometheus. */
export const replyPrometheus = (metrics: Readonly<Record<string, number>>): Response =>
  new Response(
    prometheusText(metrics, {
      prefix: "mesos_",
      templates: TEMPLATES,
      isCounter: (path) => counter.test(path),
    }),
    { headers: { "content-type": PROMETHEUS_TYPE } },
  )
