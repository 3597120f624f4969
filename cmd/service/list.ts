import { defineCommand, flag, renderJson, renderTable } from "#lib/cli/index.ts"
import { connectMesos, type StateFramework } from "#lib/client/index.ts"

const HEADINGS = ["NAME", "HOST", "ACTIVE", "TASKS", "CPU", "MEM", "DISK", "ID"]

export const command = defineCommand({
  input: {
    json: flag("Print in JSON format."),
    completed: flag("Show services that ended too."),
    inactive: flag("Show inactive services too."),
    quiet: flag("Print only the names.", { alias: "q" }),
    idOnly: flag("Print only the ids.", { hidden: true }),
  },
  async run(context, { json, completed, inactive, quiet, idOnly }) {
    const state = await (await connectMesos(context)).state()
    const live = (state.frameworks ?? []).filter((one) => inactive || one.active === true)
    const services = [...live, ...(completed ? (state.completed_frameworks ?? []) : [])]
    if (json) context.stdout.write(renderJson(services))
    else if (idOnly) for (const { id } of services) context.print(id)
    else if (quiet) for (const { name } of services) context.print(name)
    else context.stdout.write(renderTable(HEADINGS, services.map(renderService)))
  },
})

function renderService(service: StateFramework): string[] {
  const used = (name: string) => Number(service.used_resources?.[name] ?? 0).toFixed(1)
  return [
    service.name,
    service.hostname ?? "",
    service.active === true ? "True" : "False",
    String(service.tasks?.length ?? 0),
    used("cpus"),
    used("mem"),
    used("disk"),
    service.id,
  ]
}
