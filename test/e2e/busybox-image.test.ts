import { expect } from "bun:test"
import { loadBusyboxImage } from "../fixtures/busybox-image.ts"
import { command, docker, dockerSocket, testWith } from "../fixtures/system-parts.ts"

testWith(await docker(), command("busybox"))(
  "the image of the Docker tests is made here and runs",
  async () => {
    const image = await loadBusyboxImage()
    expect(await loadBusyboxImage()).toBe(image)
    const call = async (method: string, path: string, body?: object): Promise<Response> => {
      const init = body === undefined ? {} : { body: JSON.stringify(body) }
      return await fetch(`http://docker${path}`, {
        unix: dockerSocket,
        method,
        headers: { "content-type": "application/json" },
        ...init,
      })
    }
    const created = await call("POST", "/containers/create", {
      Image: image,
      Cmd: ["sh", "-c", "exit 7"],
      HostConfig: { NetworkMode: "host" },
    })
    const { Id: id } = (await created.json()) as { Id: string }
    await call("POST", `/containers/${id}/start`)
    const ended = (await (await call("POST", `/containers/${id}/wait`)).json()) as {
      StatusCode: number
    }
    await call("DELETE", `/containers/${id}?force=true`)
    expect(ended.StatusCode).toBe(7)
  },
)
