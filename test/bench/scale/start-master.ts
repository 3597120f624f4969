import { join } from "node:path"
import { spawnDaemon, type Daemon } from "../../fixtures/daemons.ts"
import { waitFor } from "../../fixtures/wait.ts"

/** A process under test, with the address of its HTTP API and the path of its socket. */
export type MasterProcess = Daemon & { readonly url: string; readonly socket: string }

/** Starts a master on what the folder's store holds, and waits until it can be connected to. */
export async function startMaster(folder: string): Promise<MasterProcess> {
  const script = join(import.meta.dir, "master-process.ts")
  const daemon = spawnDaemon([process.execPath, script, folder])
  const port = await waitFor("the master to start", () => /^\d+$/m.exec(daemon.output())?.[0])
  return { ...daemon, url: `http://127.0.0.1:${port}`, socket: `${folder}/link.sock` }
}
