import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { brandId } from "#lib/mesos/index.ts"
import type { CommandInfo, TaskInfo } from "#lib/mesos/index.ts"
import type { ContainerExit, ContainerId, ContainerSpec } from "#lib/ports/index.ts"

/** A temporary place for tests of container runtimes: sandboxes and runtime directory. */
export class TestPlace {
  readonly root = mkdtempSync(`${tmpdir()}/dcos-containers-`)
  readonly runtimeDir = `${this.root}/run`

  constructor() {
    mkdirSync(this.runtimeDir)
  }

  /** A container of a shell command with a sandbox of its own. */
  spec(
    command: string | CommandInfo,
    options: {
      readonly runtime?: ContainerSpec["runtime"]
      readonly environment?: Readonly<Record<string, string>>
      readonly user?: string
      readonly task?: Partial<TaskInfo>
    } = {},
  ): ContainerSpec {
    const containerId = crypto.randomUUID() as ContainerId
    const sandbox = `${this.root}/${containerId}`
    mkdirSync(sandbox)
    return {
      containerId,
      runtime: options.runtime ?? "process",
      sandbox,
      user: options.user,
      environment: options.environment ?? {},
      task: {
        name: "test",
        taskId: brandId(`task-${containerId}`),
        agentId: brandId("S0"),
        command: typeof command === "string" ? { value: command } : command,
        ...options.task,
      },
    }
  }

  /** A file of a container's sandbox; empty when it is not there yet. */
  read(spec: ContainerSpec, file = "stdout"): string {
    try {
      return readFileSync(`${spec.sandbox}/${file}`, "utf8")
    } catch {
      return ""
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}

/** Collects the exits a runtime reports, so that tests can wait for them. */
export class Exits {
  readonly heard: [ContainerId, ContainerExit][] = []

  readonly listen = (containerId: ContainerId, exit: ContainerExit): void => {
    this.heard.push([containerId, exit])
  }

  /** The exit of one container, once it is there. */
  async of(spec: ContainerSpec): Promise<ContainerExit> {
    const find = (): ContainerExit | undefined =>
      this.heard.find(([containerId]) => containerId === spec.containerId)?.[1]
    await until(() => find() !== undefined)
    return find() ?? {}
  }
}

/** Waits until the condition holds; fails after ten seconds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error("the condition did not come true in 10 s")
    await Bun.sleep(2)
  }
}

/** Removes the cgroup of a test from every hierarchy, once it is empty; fails when it stays full. */
export const removeCgroups = (name: string): Promise<void> =>
  until(() =>
    ["", ...readdirSync("/sys/fs/cgroup")]
      .map((top) => `/sys/fs/cgroup/${top}/${name}`)
      .map(removeDirectory)
      .every(Boolean),
  )

/** Whether a directory is gone, after an attempt to remove it. */
function removeDirectory(path: string): boolean {
  try {
    rmdirSync(path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    return code === "ENOENT" || code === "ENOTDIR"
  }
  return true
}
