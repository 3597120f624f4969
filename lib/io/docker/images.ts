import { readFile } from "node:fs/promises"
import type Docker from "dockerode"
import { abortable } from "#lib/io/host/abortable.ts"
import { ifExists } from "#lib/io/host/files.ts"
import { daemonStatus } from "./daemon.ts"
import { jsonLines } from "./json-lines.ts"

/** The registry that images without one come from, as Docker's configuration file names it. */
const DOCKER_HUB = "https://index.docker.io/v1/"

/** An image to have at hand. */
export type ImageRequest = {
  readonly docker: Docker
  readonly image: string
  /** Pull even if it is there. */
  readonly force: boolean
  /** Docker configurations that may hold credentials, as text or as the path of a file; the first counts. */
  readonly configs: readonly string[]
  readonly signal: AbortSignal
}

/** Has images pulled; containers that need the same one, as the same user, wait for one pull. */
export class Images {
  readonly #pulls = new Map<string, Promise<void>>()

  /** Resolves when the image is there; fails with the daemon's or the registry's message. */
  async ensure(request: ImageRequest): Promise<void> {
    const image = withTag(request.image)
    if (!request.force && (await isPresent(request.docker, image))) return
    const login = await loginOf(image, request.configs)
    const key = JSON.stringify([image, login])
    let pull = this.#pulls.get(key)
    if (pull === undefined) {
      pull = pullImage(request.docker, image, login).finally(() => this.#pulls.delete(key))
      this.#pulls.set(key, pull)
    }
    await abortable(pull, request.signal)
  }
}

/** The image's name with a tag or digest: without one, the API would pull every tag there is. */
export function withTag(image: string): string {
  const name = image.slice(image.lastIndexOf("/") + 1)
  return name.includes(":") || name.includes("@") ? image : `${image}:latest`
}

/** The key of an image's registry in Docker's configuration file. */
export function registryOf(image: string): string {
  const first = image.split("/")[0] ?? ""
  const isHost = image.includes("/") && (/[.:]/.test(first) || first === "localhost")
  return isHost && first !== "docker.io" ? first : DOCKER_HUB
}

async function isPresent(docker: Docker, image: string): Promise<boolean> {
  try {
    await docker.getImage(image).inspect()
    return true
  } catch (cause) {
    if (daemonStatus(cause) === 404) return false
    throw cause
  }
}

/**
 * Pulls an image to the end, even when the container that asked for it is given up: others may wait
 * for it, and the daemon keeps what it has.
 */
async function pullImage(docker: Docker, image: string, login: Login | undefined): Promise<void> {
  const stream = await docker.pull(image, login === undefined ? {} : { authconfig: login })
  // The daemon answers 200 before it asks the registry; what goes wrong after that is in the stream.
  for await (const line of jsonLines(stream)) {
    const { error } = line as { readonly error?: unknown }
    if (typeof error === "string") throw new Error(error)
  }
}

/** Who asks a registry. */
type Login = {
  readonly username: string
  readonly password: string
  readonly serveraddress: string
}

async function loginOf(image: string, configs: readonly string[]): Promise<Login | undefined> {
  const registry = registryOf(image)
  for (const config of configs) {
    const text = config.startsWith("/") ? await ifExists(readFile(config, "utf8")) : config
    const auth = text === undefined ? undefined : authOf(text, registry)
    if (auth === undefined) continue
    const [username = "", ...password] = Buffer.from(auth, "base64").toString("utf8").split(":")
    return { username, password: password.join(":"), serveraddress: registry }
  }
  return undefined
}

/** The `auth` of a registry in a Docker configuration file; old files lack the member `auths`. */
function authOf(text: string, registry: string): string | undefined {
  try {
    type Auths = Readonly<Record<string, { readonly auth?: unknown } | undefined>>
    const config = JSON.parse(text) as Auths & { readonly auths?: Auths }
    const auths = config.auths ?? config
    const entry =
      auths[registry] ?? auths[`https://${registry}`] ?? auths[`https://${registry}/v1/`]
    return typeof entry?.auth === "string" ? entry.auth : undefined
  } catch {
    // Not JSON: a file of somebody else's, and the pull will tell whether credentials were needed.
    return undefined
  }
}
