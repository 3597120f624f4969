import type { Duplex } from "node:stream"
import type Docker from "dockerode"
import type { ContainerStreams } from "#lib/ports/index.ts"
import { TerminalResizes } from "#lib/io/sessions/terminal-resizes.ts"
import { readJoined, writeJoined } from "./duplex.ts"

/** Attaches to the terminal of a container that has one: what it shows from now on, and a keyboard. */
export async function attachContainer(container: Docker.Container): Promise<ContainerStreams> {
  const options = { stream: true, stdin: true, stdout: true, stderr: true, hijack: true }
  // The keys by which Docker's own clients leave mean nothing here.
  const stream = (await container.attach({ ...options, detachKeys: "ctrl-@,ctrl-@" })) as Duplex
  const resizes = new TerminalResizes(({ rows, columns }) =>
    container.resize({ h: rows, w: columns }),
  )
  return {
    output: readJoined(stream, true),
    write: (data) => writeJoined(stream, data),
    closeInput: () => Promise.resolve(),
    resize: (size) => resizes.set(size),
    detach: () => void stream.destroy(),
  }
}
