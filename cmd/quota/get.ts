import { argument, defineCommand, fail, flag, renderJson, renderTable } from "#lib/cli/index.ts"
import { QuotaClient, type ListedQuota } from "#lib/client/index.ts"

export const command = defineCommand({
  input: { group: argument("group"), json: flag("Print in JSON format.") },
  async run(context, { group, json }) {
    const name = group.replace(/^\//, "")
    const quota =
      (await new QuotaClient(context).find(name)) ?? fail(`could not find quota '${name}'`)
    if (json) context.stdout.write(renderJson(quota))
    else context.stdout.write(renderTable(["RESOURCE", "CONSUMPTION", "LIMIT"], rowsOf(quota)))
  },
})

const rowsOf = ({ consumed, limit }: ListedQuota): string[][] =>
  ["cpus", "disk", "gpus", "mem"].map((name) => {
    const used = consumed[name] ?? 0
    const most = limit[name]
    if (most === undefined) return [name, renderAmount(name, used), "No limit"]
    const share = most === 0 ? 0 : (used / most) * 100
    return [name, `${share.toFixed(2)}%`, renderAmount(name, most)]
  })

function renderAmount(name: string, amount: number): string {
  if (name === "mem" || name === "disk") return `${Number((amount / 1024).toFixed(2))} GiB`
  return String(amount)
}
