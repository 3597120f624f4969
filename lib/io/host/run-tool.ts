/** Runs a tool of the system, wherever that keeps such; fails with what it complains about. */
export async function runTool(words: readonly string[]): Promise<void> {
  const child = Bun.spawn([...words], {
    env: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/bin:/sbin:/bin` },
    stdio: ["ignore", "ignore", "pipe"],
  })
  const complaint = await new Response(child.stderr).text()
  if ((await child.exited) !== 0)
    throw new Error(complaint.trim() || `${words[0]} exited with ${child.exitCode}`)
}
