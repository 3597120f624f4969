import {
  argument,
  defineCommand,
  fail,
  globToRegExp,
  matchesFilter,
  optionalArgument,
  text,
  type Context,
} from "#lib/cli/index.ts"
import {
  connectMesos,
  placeTasks,
  sandboxOf,
  selectTasks,
  type MesosClient,
  type StateAgent,
} from "#lib/client/index.ts"

/** Folders inside folders that are followed; deeper ones are a loop. */
const DEPTH_LIMIT = 32

export const command = defineCommand({
  input: {
    name: argument("task", { from: "task list --quiet" }),
    path: optionalArgument("path"),
    targetDir: text("dir", "Folder to write to; the working folder unless given."),
  },
  examples: ["dcos task download web", "dcos task download web '*.log' --target-dir=logs"],
  async run(context, { name, path = "*", targetDir = "." }) {
    const mesos = await connectMesos(context)
    const scope = { all: true, completed: false }
    const tasks = placeTasks(await mesos.state())
    const [found, ...others] = selectTasks(tasks, name, { scope, matches: matchesFilter })
    if (found === undefined) return fail(`no task ID found containing '${name}'`)
    if (others.length > 0)
      fail(
        `found more than one task with the same name: [${[found, ...others].map(({ task }) => task.id).join(" ")}]`,
      )
    const root = sandboxOf(found.task)
    const pattern = path.replace(/^(?:\.?\/)+|\/+$/g, "")
    const paths = await findFiles(mesos, found.agent, { root, pattern })
    if (paths.length === 0) fail(`no file or directory matched '${path}'`)
    for (const file of paths) await download(context, mesos, found.agent, { root, file, targetDir })
    return 0
  },
})

/** Files below the sandbox whose path, or a folder of whose path, fits the pattern. */
async function findFiles(
  mesos: MesosClient,
  agent: StateAgent,
  { root, pattern }: { readonly root: string; readonly pattern: string },
): Promise<readonly string[]> {
  const fits = globToRegExp(pattern)
  const files: string[] = []
  const visit = async (folder: string, wanted: boolean, depth: number): Promise<void> => {
    if (depth > DEPTH_LIMIT) return
    for (const entry of (await mesos.browse(agent, `${root}${folder}`)) ?? []) {
      const path = `${folder}/${entry.path.slice(entry.path.lastIndexOf("/") + 1)}`
      const taken = wanted || fits.test(path.slice(1))
      if (entry.mode.startsWith("d")) await visit(path, taken, depth + 1)
      else if (taken) files.push(path.slice(1))
    }
  }
  await visit("", false, 0)
  return files
}

async function download(
  context: Context,
  mesos: MesosClient,
  agent: StateAgent,
  { root, file, targetDir }: Readonly<Record<"root" | "file" | "targetDir", string>>,
): Promise<void> {
  const bytes = await mesos.download(agent, `${root}/${file}`)
  if (bytes === undefined) return fail("could not download all matched files")
  await context.files.writeBytes(`${targetDir}/${file}`, bytes)
}
