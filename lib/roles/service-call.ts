import type { ServiceAnswer, ServiceCall } from "#lib/cosmos/index.ts"
import type { Handler } from "#lib/io/index.ts"

/** Calls an API of this process as a client over HTTP would, without a socket. */
export const callService =
  (handler: Handler) =>
  async (call: ServiceCall): Promise<ServiceAnswer> => {
    const response = await handler(
      new Request(`http://cluster${call.path}`, {
        method: call.method,
        headers: {
          accept: "application/json",
          ...(call.body === undefined ? {} : { "content-type": "application/json" }),
          ...(call.authorization === undefined ? {} : { authorization: call.authorization }),
        },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      }),
    )
    const text = await response.text()
    return { status: response.status, body: parse(text) }
  }

function parse(text: string): ServiceAnswer["body"] {
  try {
    return JSON.parse(text) as ServiceAnswer["body"]
  } catch {
    return null
  }
}
