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
    if (name.includes("/"))
      fail(`could not create quota '${name}', quotas cannot be created for subgroups yet`)
    const limits = readLimits(flags)
    if (Object.values(limits).every((limit) => limit === undefined))
      fail(`could not create quota '${name}', at least one limit has to be given`)
    const quotas = new QuotaClient(context)
    if (!(await quotas.hasGroup(name))) fail(`/${name} is not an existing Marathon group`)
    if ((await quotas.find(name)) !== undefined)
      fail(`${name} is an existing quota, use 'dcos quota update' if you want to update it.`)
    await quotas.set(name, limits, force)
  },
})
