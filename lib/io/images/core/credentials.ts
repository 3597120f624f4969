import { DOCKER_HUB } from "./reference.ts"

/** How to log in to a registry. */
export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** A refresh token, which `docker login` keeps for registries that give one. */
  | { readonly kind: "token"; readonly token: string }

/** The names that Docker's own registry has in configuration files. */
const HUB_NAMES = [DOCKER_HUB, "index.docker.io", "registry-1.docker.io"]

type Entry = Readonly<Record<string, unknown>>

/**
 * The credentials of a registry in the text of a Docker configuration file: of config.json, or of the
 * older .dockercfg, which lacks the member `auths`. Undefined where there are none, or no JSON.
 */
export function credentialsOf(text: string, registry: string): Credentials | undefined {
  const config = parseObject(text)
  const auths = asEntry(config?.["auths"]) ?? config
  if (auths === undefined) return undefined
  const names = registry === DOCKER_HUB ? HUB_NAMES : [registry]
  for (const [key, value] of Object.entries(auths)) {
    const host = key.replace(/^https?:\/\//, "").replace(/\/.*$/, "")
    const entry = asEntry(value)
    if (entry === undefined || !names.includes(host.toLowerCase())) continue
    const credentials = entryCredentials(entry)
    if (credentials !== undefined) return credentials
  }
  return undefined
}

/** Whether a text can be one that `credentialsOf` reads. */
export const isDockerConfig = (text: string): boolean => parseObject(text) !== undefined

function entryCredentials(entry: Entry): Credentials | undefined {
  const { identitytoken, auth, username, password } = entry
  if (typeof identitytoken === "string" && identitytoken !== "")
    return { kind: "token", token: identitytoken }
  if (typeof username === "string" && typeof password === "string" && username !== "")
    return { kind: "password", username, password }
  if (typeof auth !== "string") return undefined
  const text = decode(auth)
  const colon = text.indexOf(":")
  // Docker pads with NUL what was padded when it was encoded.
  return colon <= 0
    ? undefined
    : {
        kind: "password",
        username: text.slice(0, colon),
        password: text.slice(colon + 1).replace(/\0+$/, ""),
      }
}

/** The UTF-8 text behind base64; empty where it is none. */
function decode(base64: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(base64.trim()), (c) => c.charCodeAt(0)))
  } catch {
    return ""
  }
}

const asEntry = (value: unknown): Entry | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Entry)
    : undefined

function parseObject(text: string): Entry | undefined {
  try {
    return asEntry(JSON.parse(text))
  } catch {
    return undefined
  }
}
