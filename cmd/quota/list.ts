import { defineCommand, flag, renderJson, renderTable } from "#lib/cli/index.ts"
import { QuotaClient, type ListedQuota } from "#lib/client/index.ts"

const HEADINGS = ["NAME", "CPU CONSUMED", "MEMORY CONSUMED", "DISK CONSUMED", "GPU CONSUMED"]

export const command = defineCommand({
  input: { json: flag("Print in JSON format.") },
  async run(context, { json }) {
    const quotas = await new QuotaClient(context).list()
    if (json) context.stdout.write(renderJson(quotas.length === 0 ? null : quotas))
    else context.stdout.write(renderTable(HEADINGS, quotas.map(rowOf)))
  },
})

const rowOf = (quota: ListedQuota): string[] => [
  quota.role,
  renderShare(quota, "cpus", (cores) => `${cores}`, " Cores"),
  renderShare(quota, "mem", gibibytes, ""),
  renderShare(quota, "disk", gibibytes, ""),
  renderShare(quota, "gpus", (gpus) => `${gpus}`, ""),
]

/** `10.00% (1 of 10 Cores)`. */
function renderShare(
  { consumed, limit }: ListedQuota,
  name: string,
  render: (amount: number) => string,
  unit: string,
): string {
  const most = limit[name]
  if (most === undefined) return "No limit"
  const used = consumed[name] ?? 0
  const share = most === 0 ? 0 : (used / most) * 100
  return `${share.toFixed(2)}% (${render(used)} of ${render(most)}${unit})`
}

const gibibytes = (mebibytes: number): string => `${Number((mebibytes / 1024).toFixed(2))} GiB`
