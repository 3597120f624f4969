import {
  defineCommand,
  fail,
  flag,
  optionalArgument,
  renderPlainTable,
  renderSortedJson,
} from "#lib/cli/index.ts"
import { absoluteId, actionName, connectMarathon, type Deployment } from "#lib/client/index.ts"

const HEADINGS = ["APP", "POD", "ACTION", "PROGRESS", "ID"]

export const command = defineCommand({
  input: {
    id: optionalArgument("app-id", { from: "marathon app list --quiet" }),
    json: flag("Print in JSON format."),
    quiet: flag("Print only the ids.", { alias: "q" }),
  },
  async run(context, { id, json, quiet }) {
    const all = await (await connectMarathon(context)).deployments()
    const wanted = id === undefined ? undefined : absoluteId(id)
    const deployments = all.filter(
      ({ affectedApps = [] }) => wanted === undefined || affectedApps.includes(wanted),
    )
    if (json) context.stdout.write(renderSortedJson(deployments))
    else if (deployments.length === 0)
      fail(`There are no deployments${wanted === undefined ? "" : ` for '${wanted}'`}`)
    else if (quiet) for (const deployment of deployments) context.print(deployment.id)
    else context.stdout.write(renderPlainTable(HEADINGS, deployments.map(renderDeployment)))
  },
})

function renderDeployment(deployment: Deployment): string[] {
  const { affectedApps = [], affectedPods = [], currentActions = [] } = deployment
  const several = affectedApps.length + affectedPods.length > 1
  const actions = currentActions.map(({ action, app, pod }) =>
    several ? `${actionName(action)} ${app ?? pod ?? ""}` : actionName(action),
  )
  const done = Math.max(0, (deployment.currentStep ?? 0) - 1)
  return [
    affectedApps.join("\n") || "-",
    affectedPods.join("\n") || "-",
    actions.join("\n") || "-",
    `${done}/${deployment.totalSteps ?? 0}`,
    deployment.id,
  ]
}
