import type { agent as v1 } from "#lib/mesos/index.ts"
import { refuse } from "#lib/std/refuse.ts"
import type { InputWriter } from "#lib/agent/stream-hub.ts"
import type { CallStream } from "./operator-request.ts"
import { fromBase64 } from "./process-io.ts"

/**
 * Writes what a client streams into a container until the request or the container ends. Each piece
 * is read only when the container has taken the one before. `leave` is called when the client says
 * that it goes and that the container is to go on: Mesos knows no such record, there a session ends
 * with its client.
 */
export async function takeInput(
  writer: InputWriter,
  calls: CallStream,
  leave: () => Promise<void>,
): Promise<Response> {
  const ended = writer.ended.then(() => "ended" as const)
  try {
    for (;;) {
      const next = await Promise.race([calls.next(), ended])
      if (next === "ended") return new Response(null)
      if (!next.ok) return refuse(next.error.status, next.error.message)
      if (next.value === undefined) return new Response(null)
      if (leaves(next.value)) {
        await leave()
        return new Response(null)
      }
      const problem = await perform(writer, next.value)
      if (problem !== undefined) return refuse(400, problem)
    }
  } catch (cause) {
    return refuse(500, `The container takes no more input: ${String(cause)}`)
  } finally {
    calls.cancel()
    writer.close()
  }
}

const leaves = (call: v1.Call): boolean =>
  call.kind === "attachContainerInput" &&
  call.processIo?.type === "CONTROL" &&
  call.processIo.control?.type === "DETACH"

/** Does what a call of the stream says; returns what is wrong with it. */
async function perform(writer: InputWriter, call: v1.Call): Promise<string | undefined> {
  if (call.kind !== "attachContainerInput")
    return "Expecting only ATTACH_CONTAINER_INPUT calls in the stream"
  if (call.type !== "PROCESS_IO" || call.processIo === undefined)
    return "Expecting 'attach_container_input.process_io' to be present"
  const { type, data, control } = call.processIo
  if (type === "DATA") {
    if (data?.type !== "STDIN") return "Expecting 'process_io.data.type' to be STDIN"
    const bytes = fromBase64(data.data ?? "")
    if (bytes === undefined) return "Expecting 'process_io.data.data' to be base64"
    await (bytes.length === 0 ? writer.closeInput() : writer.write(bytes))
    return undefined
  }
  if (type !== "CONTROL") return "Expecting 'process_io.type' to be DATA or CONTROL"
  const size = control?.ttyInfo?.windowSize
  if (control?.type === "TTY_INFO" && size !== undefined) writer.resize(size)
  return undefined
}
