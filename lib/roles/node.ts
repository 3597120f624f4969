import { agentResources, chooseGpus } from "#lib/agent/index.ts"
import { findGpus, makeDriverVolume, measureMachine, type DiskSandboxes } from "#lib/io/index.ts"
import { fromMilli, parseAttributes, scalarOf, type AgentInfo } from "#lib/mesos/index.ts"
import type { Gpu } from "#lib/ports/index.ts"
import type { AgentRoleOptions } from "./agent.ts"
import { StartError } from "./process.ts"
import { inWorkDir } from "./work-dir.ts"

/** What a node is and has. */
export type Node = {
  /** What the agent announces. */
  readonly info: AgentInfo
  /** The GPUs that tasks may use. */
  readonly gpus: readonly Gpu[]
  /** The directory with the driver of the GPUs; undefined without GPUs. */
  readonly gpuDriver: string | undefined
}

/** Describes this machine as the options say, measuring the rest. Throws a `StartError`. */
export async function describeNode(
  options: AgentRoleOptions,
  sandboxes: DiskSandboxes,
): Promise<Node> {
  const machine = measureMachine()
  await inWorkDir(options.workDir, () => sandboxes.createWorkDir(options.workDir))
  const disk = await sandboxes.diskUsage(options.workDir)
  const inventory = await findGpus()
  const { gpuDevices } = options
  const found = inventory?.gpus ?? []
  const facts = {
    cpus: machine.cpus,
    gpus: gpuDevices?.length ?? found.length,
    memMib: machine.memMib,
    diskMib: Math.floor(disk.totalBytes / (1024 * 1024)),
  }
  const resources = agentResources(options.resources, facts, options.defaultRole)
  if (!resources.ok) throw new StartError(`--resources: ${resources.error.message}`)
  const count = fromMilli(scalarOf(resources.value, "gpus"))
  const gpus = chooseGpus(found, count, gpuDevices)
  if (!gpus.ok) throw new StartError(gpus.error)
  const attributes = parseAttributes(options.attributes ?? "")
  if (!attributes.ok) throw new StartError(`--attributes: ${attributes.error.message}`)
  return {
    info: {
      hostname: options.hostname,
      port: options.port,
      resources: resources.value,
      attributes: attributes.value,
      ...(options.domain === undefined ? {} : { domain: options.domain }),
    },
    gpus: gpus.value,
    gpuDriver:
      inventory === undefined || gpus.value.length === 0
        ? undefined
        : await makeDriverVolume({
            directory: `${options.workDir}/runtime/gpu`,
            version: inventory.driver,
          }),
  }
}
