import { CommandLine } from "../fixtures/command-line.ts"
import { freePorts, startDaemon, temporaryFolder, waitForUrl } from "../fixtures/daemons.ts"
import { Marathon } from "../fixtures/marathon.ts"

/** A `dcos up` that was just started, and a user of it. */
export type OneNode = {
  readonly executable: string
  /** When it was started, milliseconds of `performance.now`. */
  readonly startedAt: number
  /** Port of the Mesos API. */
  readonly mesosPort: number
  readonly routerUrl: string
  readonly marathon: Marathon
  readonly dcos: CommandLine
  /** Resolves when everything answers. */
  ready(): Promise<void>
  /** Removes all apps, ends it and removes what it wrote. */
  stop(): Promise<void>
}

/** Starts `dcos up` with state of its own; does not wait until it answers. */
export async function startOneNode(executable: string): Promise<OneNode> {
  const folder = temporaryFolder()
  const [mesosPort = 0, marathonPort = 0, routerPort = 0, agentPort = 0] = await freePorts(4)
  const flags = {
    "work-dir": `${folder.path}/up`,
    port: mesosPort,
    "marathon-port": marathonPort,
    "router-port": routerPort,
    "agent-port": agentPort,
  }
  const startedAt = performance.now()
  const daemon = startDaemon(executable, [
    "up",
    ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, `${value}`]),
  ])
  const routerUrl = `http://127.0.0.1:${routerPort}`
  const marathon = new Marathon(`http://127.0.0.1:${marathonPort}`)
  return {
    executable,
    startedAt,
    mesosPort,
    routerUrl,
    marathon,
    dcos: new CommandLine(executable, folder.path),
    ready: () => waitForUrl(`${routerUrl}/metadata`, daemon),
    stop: async () => {
      await marathon.removeAll()
      await daemon.end()
      folder.remove()
    },
  }
}
