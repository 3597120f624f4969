/** Longest wait for the driver's tool; one that hangs must not keep an agent from starting. */
const TOOL_TIMEOUT_MS = 10_000

/**
 * How many NVIDIA GPUs the driver's own tool finds on this machine; none where the tool is missing,
 * fails or hangs.
 */
export async function countGpus(tool = "nvidia-smi"): Promise<number> {
  const path = Bun.which(tool)
  if (path === null) return 0
  const child = Bun.spawn([path, "--list-gpus"], {
    stdout: "pipe",
    stderr: "ignore",
    timeout: TOOL_TIMEOUT_MS,
  })
  const [text, code] = await Promise.all([new Response(child.stdout).text(), child.exited])
  return code === 0 ? text.split("\n").filter((line) => /^GPU \d+:/.test(line)).length : 0
}
