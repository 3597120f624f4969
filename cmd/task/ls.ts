import {
  defineCommand,
  fail,
  flag,
  matchesFilter,
  optionalArgument,
  renderTable,
} from "#lib/cli/index.ts"
import {
  connectMesos,
  placeTasks,
  sandboxOf,
  selectTasks,
  type FileEntry,
} from "#lib/client/index.ts"

const HEADINGS = ["MODE", "LINKS", "UID", "GID", "SIZE", "DATE", "NAME"]

export const command = defineCommand({
  input: {
    name: optionalArgument("task", { from: "task list --quiet" }),
    path: optionalArgument("path"),
    long: flag("Print everything about the files."),
    all: flag("Show running and completed tasks."),
    completed: flag("Show only completed tasks."),
  },
  examples: ["dcos task ls web", "dcos task ls --long web conf"],
  async run(context, { name, path = "", long, ...scope }) {
    const mesos = await connectMesos(context)
    const tasks = selectTasks(placeTasks(await mesos.state()), name, {
      scope,
      matches: matchesFilter,
    })
    for (const { task, agent } of tasks) {
      if (tasks.length > 1) context.print(`===> ${task.id} <===`)
      const folder = [sandboxOf(task), ...path.split("/").filter((part) => !/^\.?$/.test(part))]
      const entries = await mesos.browse(agent, folder.join("/"))
      if (entries === undefined) return fail(`cannot access '${path}': no such file or directory`)
      if (long) context.stdout.write(renderTable(HEADINGS, entries.map(renderEntry)))
      else context.print(entries.map(nameOf).join("  "))
    }
    return 0
  },
})

const nameOf = ({ path }: FileEntry): string => path.slice(path.lastIndexOf("/") + 1)

const renderEntry = (entry: FileEntry): string[] => [
  entry.mode,
  String(entry.nlink),
  entry.uid,
  entry.gid,
  String(entry.size),
  formatDate(entry.mtime),
  nameOf(entry),
]

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")

/** Seconds since 1970 in the form of RFC 822, such as "02 Jan 24 15:04 UTC". */
function formatDate(seconds: number): string {
  const date = new Date(1000 * seconds)
  const two = (value: number) => String(value).padStart(2, "0")
  const day = `${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()]} ${two(date.getUTCFullYear() % 100)}`
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())} UTC`
}
