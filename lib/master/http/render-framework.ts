import { encodeMessage, flattenResources } from "#lib/mesos/index.ts"
import type { FrameworkView, OfferView } from "#lib/master/core/views.ts"
import { LazyList, LazyObject } from "./lazy-json.ts"
import { renderExecutor } from "./render-executor.ts"
import { renderLabels } from "./render-labels.ts"
import { renderTask } from "./render-task.ts"

/** Milliseconds as the seconds that all older endpoints use. */
export const seconds = (milliseconds: number): number => milliseconds / 1000

/** What `/state` and `/state-summary` both say of a framework. */
export const renderFrameworkHead = (
  framework: FrameworkView,
): Readonly<Record<string, unknown>> => ({
  id: framework.id,
  name: framework.info.name,
  used_resources: flattenResources(framework.used()),
  offered_resources: flattenResources(framework.offered()),
  capabilities: [...framework.capabilities],
  hostname: framework.info.hostname ?? "",
  webui_url: framework.info.webuiUrl ?? "",
  active: framework.active,
  connected: framework.connected,
  recovered: framework.recovered,
})

/** A framework with all its tasks. Source: apache/mesos: src/master/http.cpp (FullFrameworkWriter). */
export function renderFramework(framework: FrameworkView): LazyObject {
  const { info } = framework
  const reregistered = framework.reregisteredAt !== undefined
  return new LazyObject({
    ...renderFrameworkHead(framework),
    user: info.user,
    failover_timeout: info.failoverTimeout ?? 0,
    checkpoint: info.checkpoint ?? false,
    registered_time: seconds(framework.registeredAt),
    unregistered_time: seconds(framework.unregisteredAt ?? 0),
    reregistered_time:
      reregistered && framework.reregisteredAt !== framework.registeredAt
        ? seconds(framework.reregisteredAt)
        : undefined,
    principal: info.principal,
    resources: flattenResources(framework.used(), framework.offered()),
    ...(framework.capabilities.has("MULTI_ROLE")
      ? { roles: framework.roles }
      : { role: framework.roles[0] ?? "*" }),
    labels: renderLabels(info.labels),
    tasks: new LazyList(framework.tasks.values(), renderTask),
    unreachable_tasks: new LazyList(framework.unreachableTasks.values(), renderTask),
    completed_tasks: new LazyList(framework.completedTasks, renderTask),
    offers: [...framework.offers].map(renderOffer),
    executors: [...framework.executors].map(renderExecutor),
    offer_constraints: framework.offerConstraints
      ? encodeMessage("mesos.v1.scheduler.OfferConstraints", framework.offerConstraints)
      : {},
  })
}

const renderOffer = (offer: OfferView): object => ({
  id: offer.id,
  framework_id: offer.frameworkId,
  allocation_info: { role: offer.role },
  slave_id: offer.agentId,
  resources: flattenResources(offer.resources),
})
