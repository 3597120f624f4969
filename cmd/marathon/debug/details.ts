import { argument, defineCommand, flag, renderJson, renderTable } from "#lib/cli/index.ts"
import { connectMarathon, findQueued, type UnusedOffer } from "#lib/client/index.ts"

const HEADINGS = [
  "HOSTNAME",
  "ROLE",
  "CONSTRAINTS",
  "CPUS",
  "MEM",
  "DISK",
  "PORTS",
  "SCARCE",
  "RECEIVED",
]

/** The refusals in the order of the columns. */
const REASONS = [
  "UnfulfilledRole",
  "UnfulfilledConstraint",
  "InsufficientCpus",
  "InsufficientMemory",
  "InsufficientDisk",
  "InsufficientPorts",
  "DeclinedScarceResources",
]

export const command = defineCommand({
  input: {
    id: argument("app-id", { from: "marathon app list --quiet" }),
    json: flag("Print in JSON format."),
  },
  async run(context, { id, json }) {
    const item = findQueued(await (await connectMarathon(context)).queue(true), id)
    const offers = item.lastUnusedOffers ?? []
    if (json) context.stdout.write(renderJson(offers))
    else context.stdout.write(renderTable(HEADINGS, offers.map(renderOffer)))
  },
})

const renderOffer = ({ offer, reason, timestamp }: UnusedOffer): string[] => [
  offer.hostname ?? "---",
  ...REASONS.map((one) => (reason.includes(one) ? "-" : "ok")),
  timestamp,
]
