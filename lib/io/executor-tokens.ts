import { createHmac, timingSafeEqual } from "node:crypto"
import type { ExecutorClaims, ExecutorTokens } from "#lib/ports/index.ts"

const base64url = (text: string): string => Buffer.from(text).toString("base64url")

const HEADER = base64url(JSON.stringify({ alg: "HS256", typ: "JWT" }))

/**
 * Tokens as JSON Web Tokens with the claims of Mesos, signed with a secret of this agent. They do not
 * expire: an executor's calls are refused once it has ended.
 * Source: apache/mesos: src/authentication/executor/jwt_secret_generator.cpp.
 */
export class SignedExecutorTokens implements ExecutorTokens {
  readonly #secret: string

  constructor(secret: string) {
    this.#secret = secret
  }

  issue({ frameworkId, executorId, containerId }: ExecutorClaims): string {
    const claims = base64url(
      JSON.stringify({ fid: frameworkId, eid: executorId, cid: containerId }),
    )
    return `${HEADER}.${claims}.${this.#sign(claims).toString("base64url")}`
  }

  read(token: string): ExecutorClaims | undefined {
    const [header, claims = "", signature = "", ...more] = token.split(".")
    if (header !== HEADER || more.length > 0) return undefined
    const [given, right] = [Buffer.from(signature, "base64url"), this.#sign(claims)]
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined
    // What bears the signature was written by `issue`.
    const { fid, eid, cid } = JSON.parse(Buffer.from(claims, "base64url").toString()) as {
      readonly fid: ExecutorClaims["frameworkId"]
      readonly eid: ExecutorClaims["executorId"]
      readonly cid: ExecutorClaims["containerId"]
    }
    return { frameworkId: fid, executorId: eid, containerId: cid }
  }

  #sign(claims: string): Buffer {
    return createHmac("sha256", this.#secret).update(`${HEADER}.${claims}`).digest()
  }
}
