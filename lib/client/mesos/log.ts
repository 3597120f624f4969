import type { MesosClient } from "./client.ts"
import type { StateAgent } from "./types.ts"

/** What one read asks for: the agent gives at most 16 pages. */
const PIECE = 64 * 1024

/** How far back a tail looks for its lines; longer lines are cut at their beginning. */
const TAIL_LIMIT = 16 * 1024 * 1024

/** A file in a sandbox. */
export type LogFile = { readonly agent: StateAgent; readonly path: string }

/** Text of a file, and the offset after it. */
export type LogText = { readonly text: string; readonly end: number }

/** The last `lines` lines of a file (all with Infinity); undefined when there is no such file. */
export async function readTail(
  mesos: MesosClient,
  { agent, path }: LogFile,
  lines: number,
): Promise<LogText | undefined> {
  const size = (await mesos.read(agent, path))?.offset
  if (size === undefined) return undefined
  let text = ""
  let start = size
  while (start > 0 && size - start < TAIL_LIMIT && !hasLines(text, lines)) {
    const offset = Math.max(0, start - PIECE)
    const piece = await mesos.read(agent, path, { offset, length: start - offset })
    if (piece === undefined) break
    text = piece.data + text
    start = offset
  }
  return { text: lastLines(text, lines), end: size }
}

/**
 * What was written to a file after `offset`, at most a megabyte of it. A file that has become
 * shorter was rotated and is read from its start. Undefined when there is no such file any more.
 */
export async function readOn(
  mesos: MesosClient,
  { agent, path }: LogFile,
  offset: number,
): Promise<LogText | undefined> {
  const size = (await mesos.read(agent, path))?.offset
  if (size === undefined) return undefined
  const start = size < offset ? 0 : offset
  const end = Math.min(size, start + 16 * PIECE)
  let text = ""
  // The agent counts bytes and answers text, so the offsets are ours, never the text's length.
  for (let at = start; at < end; at += PIECE) {
    const length = Math.min(PIECE, end - at)
    text += (await mesos.read(agent, path, { offset: at, length }))?.data ?? ""
  }
  return { text, end }
}

/** Whether a text surely holds that many whole lines: one newline more, for the line before them. */
function hasLines(text: string, lines: number): boolean {
  let count = 0
  for (let at = text.indexOf("\n"); at >= 0 && count <= lines; at = text.indexOf("\n", at + 1))
    count++
  return count > lines
}

function lastLines(text: string, lines: number): string {
  if (lines === Number.POSITIVE_INFINITY) return text
  const all = text.split("\n")
  const ended = all.at(-1) === ""
  return all.slice(-(lines + (ended ? 1 : 0))).join("\n")
}
