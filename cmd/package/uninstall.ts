import { argument, confirmByTyping, defineCommand, fail, flag, text } from "#lib/cli/index.ts"
import { connectCosmos } from "#lib/client/index.ts"

const WARNING =
  "WARNING: This action cannot be undone. This will uninstall [NAME] and delete all of its persistent data (logs, configurations, database artifacts, everything)."

export const command = defineCommand({
  input: {
    name: argument("package-name"),
    all: flag("Uninstall all applications of the package."),
    app: flag("Uninstall only the application."),
    appId: text("app-id", "Uninstall this application of the package."),
    cli: flag("Uninstall only the command."),
    yes: flag("Do not ask."),
  },
  async run(context, { name, all, app, appId, cli, yes }) {
    if (cli && (app || all || appId !== undefined))
      fail("--cli cannot be used with --app, --app-id, or --all")
    if (cli) return
    const cosmos = await connectCosmos(context)
    const installed = await cosmos.list({ packageName: name, appId })
    if (installed.length === 0) fail(`Package [${name}] is not installed`)
    if (!yes) {
      context.note(WARNING.replace("NAME", appId ?? name))
      const { question, expected } = questionFor(name, appId, all)
      await confirmByTyping(context, question, expected)
    }
    const { results = [] } = await cosmos.uninstall({
      packageName: name,
      appId,
      all: all ? true : undefined,
    })
    for (const { packageName, packageVersion = "", postUninstallNotes } of results) {
      context.note(`Uninstalled package [${packageName}] version [${packageVersion}]`)
      if (postUninstallNotes) context.note(postUninstallNotes)
    }
  },
})

/** What must be typed before a service with its data is removed. */
function questionFor(name: string, appId: string | undefined, all: boolean) {
  const everything = `uninstall all ${name}`
  if (all) return { question: `Please type '${everything}': `, expected: everything }
  if (appId === undefined)
    return { question: "Please type the name of the service to confirm: ", expected: name }
  return { question: "Please type the full name of the app ID to confirm: ", expected: appId }
}
