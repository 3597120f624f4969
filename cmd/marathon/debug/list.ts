import { defineCommand, flag, renderJson, renderTable } from "#lib/cli/index.ts"
import { connectMarathon, queueItemId, type QueueItem } from "#lib/client/index.ts"

const HEADINGS = [
  "ID",
  "SINCE",
  "INSTANCES TO LAUNCH",
  "WAITING",
  "PROCESSED OFFERS",
  "UNUSED OFFERS",
  "LAST UNUSED OFFER",
  "LAST USED OFFER",
]

export const command = defineCommand({
  input: { json: flag("Print in JSON format.") },
  async run(context, { json }) {
    const queue = await (await connectMarathon(context)).queue()
    if (json) context.stdout.write(renderJson(queue))
    else context.stdout.write(renderTable(HEADINGS, queue.map(renderItem)))
  },
})

function renderItem(item: QueueItem): string[] {
  const summary = item.processedOffersSummary ?? {}
  return [
    queueItemId(item),
    item.since ?? "---",
    String(item.count ?? 0),
    String(item.delay?.overdue ?? false),
    String(summary.processedOffersCount ?? 0),
    String(summary.unusedOffersCount ?? 0),
    summary.lastUnusedOfferAt ?? "---",
    summary.lastUsedOfferAt ?? "---",
  ]
}
