import { argument, defineCommand, flag, renderJson, renderTable } from "#lib/cli/index.ts"
import {
  connectMarathon,
  findQueued,
  queueItemId,
  type App,
  type QueueItem,
  type RejectReason,
} from "#lib/client/index.ts"

/** A row of the table: what an offer must have, which refusal counts, what the app asks for. */
type Row = {
  readonly name: string
  readonly reason: string
  readonly requested: (app: App, item: QueueItem) => string
}

const ROWS: readonly Row[] = [
  {
    name: "ROLE",
    reason: "UnfulfilledRole",
    requested: (app, item) => `[${(app.acceptedResourceRoles ?? [item.role ?? "*"]).join(", ")}]`,
  },
  {
    name: "CONSTRAINTS",
    reason: "UnfulfilledConstraint",
    requested: ({ constraints = [] }) =>
      constraints.length === 0
        ? "---"
        : `[${constraints.map((one) => `[${one.join(" ")}]`).join(" ")}]`,
  },
  { name: "CPUS", reason: "InsufficientCpus", requested: (app) => String(app.cpus ?? 0) },
  { name: "MEM", reason: "InsufficientMemory", requested: (app) => String(app.mem ?? 0) },
  { name: "DISK", reason: "InsufficientDisk", requested: (app) => String(app.disk ?? 0) },
  { name: "PORTS", reason: "InsufficientPorts", requested: (app) => String(countPorts(app)) },
]

/** Shown only when they refused something: DC/OS has no rows for them. */
const RARE_ROWS: readonly Row[] = [
  { name: "GPUS", reason: "InsufficientGpus", requested: (app) => String(app.gpus ?? 0) },
  { name: "RESERVATION", reason: "NoCorrespondingReservationFound", requested: () => "---" },
  { name: "MAINTENANCE", reason: "AgentMaintenance", requested: () => "---" },
  { name: "SCARCE", reason: "DeclinedScarceResources", requested: () => "---" },
]

export const command = defineCommand({
  input: {
    id: argument("app-id", { from: "marathon app list --quiet" }),
    json: flag("Print in JSON format."),
  },
  async run(context, { id, json }) {
    const item = findQueued(await (await connectMarathon(context)).queue(true), id)
    const reasons = item.processedOffersSummary?.rejectSummaryLastOffers ?? []
    if (json) {
      context.stdout.write(renderJson(reasons))
      return
    }
    const rare = RARE_ROWS.filter((row) => (findReason(reasons, row)?.declined ?? 0) > 0)
    const rows = [...ROWS, ...rare].map((row) => renderRow(row, item, reasons))
    context.stdout.write(renderTable(["RESOURCE", "REQUESTED", "MATCHED", "PERCENTAGE"], rows))
    for (const line of explain(item, [...ROWS, ...rare])) context.note(line)
  },
})

const findReason = (reasons: readonly RejectReason[], row: Row) =>
  reasons.find(({ reason }) => reason === row.reason)

const countPorts = ({ portDefinitions = [], container }: App) =>
  container?.portMappings?.length ?? portDefinitions.length

function renderRow(row: Row, item: QueueItem, reasons: readonly RejectReason[]): string[] {
  const { processed = 0, declined = 0 } = findReason(reasons, row) ?? {}
  const matched = processed - declined
  const share = processed === 0 ? "---" : `${((100 * matched) / processed).toFixed(2)}%`
  const requested = item.app === undefined ? "---" : row.requested(item.app, item)
  return [row.name, requested, `${matched} / ${processed}`, share]
}

/** Why it waits, in sentences: each refusal with the number of agents it came from. */
function explain(item: QueueItem, rows: readonly Row[]): string[] {
  const offers = item.lastUnusedOffers ?? []
  const agentsOf = (list: typeof offers) =>
    new Set(list.map(({ offer }) => offer.agentId ?? offer.hostname)).size
  const total = agentsOf(offers)
  const lines = rows.flatMap(({ name, reason }) => {
    const refused = agentsOf(offers.filter((one) => one.reason.includes(reason)))
    return refused === 0 ? [] : [`  ${name} did not fit on ${refused} of ${total} agent(s)`]
  })
  const id = queueItemId(item)
  const seconds = item.delay?.timeLeftSeconds ?? 0
  if (seconds > 0)
    return [
      `${id} waits ${seconds} s before its next start, because its tasks failed:`,
      `  \`dcos marathon app show ${id}\` tells the last failure, \`dcos marathon delay reset ${id}\` starts it at once`,
    ]
  if (lines.length > 0) return [`${id} waits to launch ${item.count ?? 0} instance(s):`, ...lines]
  if (total > 0) return []
  return [`${id} waits to launch ${item.count ?? 0} instance(s): no offer has been refused yet`]
}
