import type { Gpu } from "#lib/ports/index.ts"

/** Longest wait for the driver's tool; one that hangs must not keep an agent from starting. */
const TOOL_TIMEOUT_MS = 10_000

/** NVIDIA's driver and its GPUs. */
export type GpuInventory = {
  /** Such as "535.104.05". */
  readonly driver: string
  /** In the order of their index. */
  readonly gpus: readonly Gpu[]
}

/**
 * The GPUs that NVIDIA's own tool finds on this machine; undefined where the tool is missing, fails,
 * hangs, or finds none.
 */
export async function findGpus(tool = "nvidia-smi"): Promise<GpuInventory | undefined> {
  const text = await toolOutput(tool, ["--query", "--xml-format"])
  return text === undefined ? undefined : readInventory(text)
}

/** What a tool prints; undefined where it is missing, fails or hangs. */
export async function toolOutput(
  tool: string,
  arguments_: readonly string[],
): Promise<string | undefined> {
  const path = Bun.which(tool, { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` })
  if (path === null) return undefined
  const child = Bun.spawn([path, ...arguments_], {
    stdout: "pipe",
    stderr: "ignore",
    timeout: TOOL_TIMEOUT_MS,
  })
  const [text, code] = await Promise.all([new Response(child.stdout).text(), child.exited])
  return code === 0 ? text : undefined
}

/** Reads what `nvidia-smi --query --xml-format` prints. A GPU that lacks a name or number is no use. */
export function readInventory(xml: string): GpuInventory | undefined {
  const gpus = [...xml.matchAll(/<gpu id="[^"]*">(.*?)<\/gpu>/gs)].flatMap(
    ([, body = ""], index): Gpu[] => {
      const uuid = element(body, "uuid")
      const minor = Number.parseInt(element(body, "minor_number") ?? "", 10)
      return uuid === undefined || Number.isNaN(minor) ? [] : [{ index, minor, uuid }]
    },
  )
  const driver = element(xml, "driver_version")
  return driver === undefined || gpus.length === 0 ? undefined : { driver, gpus }
}

const element = (xml: string, name: string): string | undefined =>
  new RegExp(`<${name}>\\s*([^<\\s]+)\\s*</${name}>`).exec(xml)?.[1]
