import { json } from "./answer.ts"
import type { ApiRequest, Resource } from "./api-request.ts"
import { isRunning, isStaged } from "./encode/task-counts.ts"

function gauges({ view, streams }: ApiRequest): ReadonlyMap<string, number> {
  const apps = [...view.apps()]
  const instances = apps.flatMap((app) => view.instances(app.id))
  return new Map([
    ["marathon.apps.active.gauge", apps.length],
    ["marathon.pods.active.gauge", 0],
    ["marathon.groups.active.gauge", [...view.groups()].length],
    ["marathon.deployments.active.gauge", view.deployments().length],
    ["marathon.instances.running.gauge", instances.filter(isRunning).length],
    ["marathon.instances.staged.gauge", instances.filter(isStaged).length],
    [
      "marathon.instances.inflight-kills.gauge",
      instances.filter(({ condition }) => condition === "Killing").length,
    ],
    ["marathon.http.event-streams.active.gauge", streams.size],
  ])
}

/** /metrics: gauges of the present state. Source: mesosphere/marathon: docs/docs/metrics.md. */
export const metrics: Resource = {
  GET: (request) =>
    json({
      version: "4.0.0",
      counters: {},
      gauges: Object.fromEntries(
        [...gauges(request)].map(([name, value]) => [name, { value }] as const),
      ),
      histograms: {},
      meters: {},
      timers: {},
    }),
}

/** /metrics/prometheus: the same as text. */
export const prometheus: Resource = {
  produces: ["text/plain", "application/json"],
  GET: (request) => {
    const lines = [...gauges(request)].map(([name, value]) => {
      const plain = name.replaceAll(/[.-]/g, "_")
      return `# TYPE ${plain} gauge\n${plain} ${value}\n`
    })
    return new Response(lines.join(""), {
      headers: { "Content-Type": "text/plain; version=0.0.4" },
    })
  },
}
