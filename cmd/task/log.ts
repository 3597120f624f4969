import {
  defineCommand,
  fail,
  flag,
  integer,
  matchesFilter,
  optionalArgument,
  text,
  type Context,
} from "#lib/cli/index.ts"
import {
  connectMesos,
  placeTasks,
  readOn,
  readTail,
  sandboxOf,
  selectTasks,
  type MesosClient,
  type ReachableTask,
} from "#lib/client/index.ts"

/** Pause between two looks at a followed file, in milliseconds. */
const POLL_MS = 500

/** Looks without news after which the master is asked whether the tasks still run. */
const IDLE_LOOKS = 6

type Source = ReachableTask & { readonly path: string; end: number }

export const command = defineCommand({
  input: {
    name: optionalArgument("task", { from: "task list --quiet" }),
    file: optionalArgument("file"),
    all: flag("Show running and completed tasks."),
    completed: flag("Show only completed tasks."),
    follow: flag("Go on printing what is written."),
    lines: integer("n", "Number of last lines; 10 unless given."),
    output: text("format", "Accepted for old scripts.", { alias: "o", hidden: true }),
  },
  examples: ["dcos task log web", "dcos task log --follow --lines=100 web stderr"],
  async run(context, { name, file = "stdout", follow, lines = 10, ...scope }) {
    const mesos = await connectMesos(context)
    const tasks = selectTasks(placeTasks(await mesos.state()), name, {
      scope,
      matches: matchesFilter,
    })
    const show = createPrinter(context, tasks.length > 1)
    const sources: Source[] = []
    for (const task of tasks) {
      const path = `${sandboxOf(task.task)}/${file}`
      const tail = await readTail(mesos, { agent: task.agent, path }, Math.abs(lines))
      if (tail === undefined)
        context.note(`no logs found: task '${task.task.id}' has no file '${file}'`)
      else {
        show(task.task.id, tail.text)
        sources.push({ ...task, path, end: tail.end })
      }
    }
    if (sources.length < tasks.length)
      fail(sources.length === 0 ? "no logs found" : "could not log all matched tasks")
    if (follow) await followAll(context, mesos, sources, show)
  },
})

type Print = (id: string, text: string) => void

/** Prints pieces of logs, with a heading whenever the task changes, when there are several. */
function createPrinter(context: Context, headings: boolean): Print {
  let last: string | undefined
  return (id, text) => {
    if (headings && id !== last) context.print(`===> ${id} <===`)
    last = id
    if (text !== "") context.stdout.write(text)
  }
}

/** Prints what comes until every task has ended and its last words are out. */
async function followAll(
  context: Context,
  mesos: MesosClient,
  sources: readonly Source[],
  print: Print,
): Promise<void> {
  let open = [...sources]
  let idle = 0
  while (open.length > 0) {
    await context.sleep(POLL_MS)
    const news = await printNews(mesos, open, print)
    idle = news ? 0 : idle + 1
    if (idle < IDLE_LOOKS) continue
    idle = 0
    const ended = await findEnded(mesos, open)
    if (ended.length === 0) continue
    // What was written between the last look and the end.
    await printNews(mesos, ended, print)
    for (const { task } of ended) context.note(`Task '${task.id}' has ended.`)
    open = open.filter((source) => !ended.includes(source))
  }
}

async function printNews(
  mesos: MesosClient,
  sources: readonly Source[],
  print: Print,
): Promise<boolean> {
  let any = false
  for (const source of sources) {
    const news = await readOn(mesos, source, source.end)
    if (news === undefined) continue
    source.end = news.end
    if (news.text === "") continue
    any = true
    print(source.task.id, news.text)
  }
  return any
}

async function findEnded(mesos: MesosClient, sources: readonly Source[]): Promise<Source[]> {
  const placed = placeTasks(await mesos.state())
  const alive = new Set(placed.filter((one) => !one.completed).map(({ task }) => task.id))
  return sources.filter(({ task }) => !alive.has(task.id))
}
