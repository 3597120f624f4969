import { readdirSync, readFileSync, readlinkSync } from "node:fs"

/** The state of a socket that waits for connections. Source: include/net/tcp_states.h of Linux. */
const LISTENING = "0A"

/** Reads /proc/net/tcp or tcp6: the ports that are listened on, by the inodes of their sockets. */
export function parseListening(text: string): ReadonlyMap<string, number> {
  const ports = new Map<string, number>()
  for (const line of text.split("\n")) {
    const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/)
    if (state === LISTENING) ports.set(inode, Number.parseInt(local.slice(-4), 16))
  }
  return ports
}

/**
 * The ports of TCP that these processes listen on, sorted, in the network of the agent; what listens in
 * another network is not among them. Processes that end meanwhile listen on nothing.
 */
export function listeningPorts(pids: readonly number[]): readonly number[] {
  const all = new Map([...listening("/proc/net/tcp"), ...listening("/proc/net/tcp6")])
  const found = new Set<number>()
  if (all.size === 0) return []
  for (const pid of pids)
    for (const inode of socketsOf(pid)) {
      const port = all.get(inode)
      if (port !== undefined) found.add(port)
    }
  return [...found].toSorted((a, b) => a - b)
}

function listening(path: string): ReadonlyMap<string, number> {
  try {
    return parseListening(readFileSync(path, "latin1"))
  } catch {
    // A machine without IPv6 has no such file.
    return new Map()
  }
}

/** Inodes of the sockets that a process has open. */
function* socketsOf(pid: number): Generator<string> {
  const directory = `/proc/${pid}/fd`
  for (const name of listed(directory)) {
    const inode = /^socket:\[(\d+)\]$/.exec(targetOf(`${directory}/${name}`))?.[1]
    if (inode !== undefined) yield inode
  }
}

function listed(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function targetOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ""
  }
}
