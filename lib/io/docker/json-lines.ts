/** The JSON values of a stream of the daemon, one per line; what follows the last newline is ignored. */
export async function* jsonLines(stream: NodeJS.ReadableStream): AsyncGenerator {
  let text = ""
  const decoder = new TextDecoder()
  for await (const chunk of stream) {
    text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true })
    const lines = text.split("\n")
    text = lines.pop() ?? ""
    for (const line of lines) if (line.trim() !== "") yield JSON.parse(line) as unknown
  }
}
