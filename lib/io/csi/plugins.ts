import { readdir, readFile } from "node:fs/promises"
import { isAbsolute } from "node:path"
import { decodeMessage } from "#lib/mesos/index.ts"
import type { CsiPluginInfo } from "#lib/mesos/index.ts"
import { err, ok } from "#lib/std/result.ts"
import type { Result } from "#lib/std/result.ts"
import { errorText } from "#lib/io/host/files.ts"

/** A plugin that serves on this machine. */
export type CsiPlugin = {
  /** By which volumes name it, as `plugin_name`. */
  readonly type: string
  readonly name: string
  /** Where its node service listens, as gRPC writes addresses. */
  readonly address: string
  /** Below which volumes are published, in place of the agent's own directory. */
  readonly targetPathRoot?: string | undefined
  /** Whether the directory to publish at must exist, against the interface. */
  readonly targetPathExists: boolean
}

/** Plugins by their type. */
export type CsiPlugins = ReadonlyMap<string, CsiPlugin>

/**
 * Reads the plugins that a directory describes, a JSON `CSIPluginInfo` in each of its files; of two
 * with one type the first file's counts. The error is a text for people.
 * Source: apache/mesos: src/slave/csi_server.cpp.
 */
export async function readCsiPlugins(directory: string): Promise<Result<CsiPlugins, string>> {
  const plugins = new Map<string, CsiPlugin>()
  try {
    const entries = await readdir(directory, { withFileTypes: true })
    const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name)
    for (const file of files.toSorted()) {
      const plugin = parsePlugin(await readFile(`${directory}/${file}`, "utf8"))
      if (!plugin.ok) return err(`${directory}/${file}: ${plugin.error}`)
      if (!plugins.has(plugin.value.type)) plugins.set(plugin.value.type, plugin.value)
    }
  } catch (cause) {
    return err(`the directory cannot be read: ${errorText(cause)}`)
  }
  if (plugins.size === 0) return err(`No valid CSI plugin configurations found in '${directory}'`)
  return ok(plugins)
}

/** Reads one description of a plugin. The error is a text for people. */
export function parsePlugin(text: string): Result<CsiPlugin, string> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    return err(`JSON parse failed: ${errorText(cause)}`)
  }
  const info = decodeMessage("mesos.v1.CSIPluginInfo", json)
  return info.ok ? pluginOf(info.value) : err(info.error.message)
}

function pluginOf(info: CsiPluginInfo): Result<CsiPlugin, string> {
  const { type, name = "default", containers = [], endpoints = [], targetPathRoot } = info
  for (const part of [type, name])
    if (!/^[A-Za-z0-9][\w.-]*$/.test(part))
      return err(`'${part}' cannot be part of a path: write letters, digits, '.', '_' and '-'`)
  if (containers.length > 0)
    return err(
      "this agent starts no plugins: run its containers by other means, and name their socket in 'endpoints'",
    )
  const node = endpoints.find(({ csiService }) => csiService === "NODE_SERVICE")
  if (node === undefined) return err("'endpoints' must name one for NODE_SERVICE")
  if (targetPathRoot !== undefined && !isAbsolute(targetPathRoot))
    return err(`'target_path_root' must be absolute, not '${targetPathRoot}'`)
  const { endpoint } = node
  return ok({
    type,
    name,
    address: endpoint.startsWith("/") ? `unix://${endpoint}` : endpoint,
    targetPathRoot,
    targetPathExists: info.targetPathExists ?? false,
  })
}
