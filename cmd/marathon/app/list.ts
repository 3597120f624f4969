import { defineCommand, flag, renderJson, renderTable, shorten } from "#lib/cli/index.ts"
import { actionName, connectMarathon, queueItemId, type App } from "#lib/client/index.ts"

/** A command line as the table shows it: 30 characters or more are cut to 27. */
const shortenCommand = (text: string) => shorten(text, 29, 27)

const HEADINGS = [
  "ID",
  "MEM",
  "CPUS",
  "TASKS",
  "HEALTH",
  "DEPLOYMENT",
  "WAITING",
  "CONTAINER",
  "CMD",
  "ROLE",
]

export const command = defineCommand({
  input: {
    json: flag("Print in JSON format."),
    quiet: flag("Print only the ids.", { alias: "q" }),
  },
  async run(context, { json, quiet }) {
    const marathon = await connectMarathon(context)
    if (json || quiet) {
      const apps = byId(await marathon.apps())
      context.stdout.write(json ? renderJson(apps) : apps.map(({ id }) => `${id}\n`).join(""))
      return
    }
    const [apps, deployments, queue] = await Promise.all([
      marathon.apps(),
      marathon.deployments(),
      marathon.queue(),
    ])
    const overdue = new Set(queue.filter((item) => item.delay?.overdue).map(queueItemId))
    const actions = Map.groupBy(
      deployments.flatMap((deployment) => deployment.currentActions ?? []),
      (action) => action.app,
    )
    const rows = byId(apps).map((app) =>
      renderApp(app, renderActions(actions.get(app.id) ?? []), String(overdue.has(app.id))),
    )
    context.stdout.write(renderTable(HEADINGS, rows, { leftOnly: true }))
  },
})

const byId = (apps: readonly App[]): App[] => [...apps].sort((a, b) => (a.id < b.id ? -1 : 1))

function renderApp(app: App, deployment: string, waiting: string): string[] {
  const running = app.tasksRunning ?? 0
  return [
    app.id,
    String(app.mem ?? 0),
    String(app.cpus ?? 0),
    `${running}/${app.instances ?? 0}`,
    (app.healthChecks ?? []).length === 0 ? "---" : `${app.tasksHealthy ?? 0}/${running}`,
    deployment,
    waiting,
    app.container?.type ?? "MESOS",
    renderCommand(app),
    app.role ?? "",
  ]
}

function renderActions(actions: readonly { readonly action: string }[]): string {
  const names = actions.map(({ action }) => actionName(action))
  if (names.length === 0) return "---"
  return names.length === 1 ? names.join() : `(${names.join(",")})`
}

function renderCommand({ cmd, args }: App): string {
  if (typeof cmd === "string" && cmd !== "") return shortenCommand(cmd)
  return args && args.length > 0 ? shortenCommand(`[${args.join(", ")}]`) : "---"
}
