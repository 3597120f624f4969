import { argument, defineCommand, fail, flag, text } from "#lib/cli/index.ts"
import { QuotaClient, readLimits } from "#lib/client/index.ts"

export const command = defineCommand({
  input: {
    group: argument("group"),
    cpu: text("cores", "Most CPUs."),
    mem: text("MiB", "Most memory."),
    disk: text("MiB", "Most disk."),
    gpu: text("count", "Most GPUs."),
    force: flag("Set it even if more is in use already."),
  },
  async run(context, { group, force, ...flags }) {
    const name = group.replace(/^\//, "")
    const limits = readLimits(flags)
    const quotas = new QuotaClient(context)
    const current = (await quotas.find(name)) ?? fail(`could not find quota '${name}'`)
    const given = Object.entries(limits).filter(([, limit]) => limit !== undefined)
    await quotas.set(name, { ...current.limit, ...Object.fromEntries(given) }, force)
  },
})
