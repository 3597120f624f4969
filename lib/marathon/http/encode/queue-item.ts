import { fromMilli } from "#lib/mesos/index.ts"
import type { Attribute, Resource } from "#lib/mesos/index.ts"
import type { QueueItem, UnusedOffer } from "#lib/marathon/core/view.ts"
import { encodeApp, formatTimestamp } from "#lib/marathon/model/index.ts"
import type { Encoded } from "#lib/marathon/model/index.ts"

const time = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : formatTimestamp(ms)

/** An app that waits for offers. `now` is in milliseconds. */
export function encodeQueueItem(
  item: QueueItem,
  { now, withOffers }: { readonly now: number; readonly withOffers: boolean },
): Encoded {
  const waitMs = Math.max(0, item.launchAllowedAt - now)
  return {
    count: item.count,
    role: item.role,
    delay: { timeLeftSeconds: Math.ceil(waitMs / 1000), overdue: waitMs === 0 },
    since: time(item.since),
    app: encodeApp(item.app),
    processedOffersSummary: {
      processedOffersCount: item.processedOffersCount,
      unusedOffersCount: item.unusedOffersCount,
      lastUnusedOfferAt: time(item.lastUnusedOfferAt),
      lastUsedOfferAt: time(item.lastUsedOfferAt),
      rejectSummaryLastOffers: item.rejectSummaryLastOffers,
      rejectSummaryLaunchAttempt: item.rejectSummaryLaunchAttempt,
    },
    ...(withOffers ? { lastUnusedOffers: item.lastUnusedOffers.map(encodeUnusedOffer) } : {}),
  }
}

const encodeUnusedOffer = ({ offer, reasons, timestamp }: UnusedOffer): Encoded => ({
  offer: {
    id: offer.id,
    hostname: offer.hostname,
    agentId: offer.agentId,
    resources: (offer.resources ?? []).map(encodeResource),
    attributes: (offer.attributes ?? []).map(encodeAttribute),
  },
  reason: reasons,
  timestamp: time(timestamp),
})

function encodeResource({ name, value, reservations }: Resource): Encoded {
  const common = { name, role: reservations.at(-1)?.role ?? "*" }
  switch (value.kind) {
    case "scalar":
      return { ...common, scalar: fromMilli(value.milli) }
    case "ranges":
      return { ...common, ranges: value.ranges }
    case "set":
      return { ...common, set: value.items }
    default:
      return value satisfies never
  }
}

const encodeAttribute = ({ name, scalar, ranges, set, text }: Attribute): Encoded => ({
  name,
  text: text?.value,
  scalar: scalar?.value,
  ranges: ranges?.range,
  set: set?.item,
})
