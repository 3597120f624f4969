/** A reply with a text that says why; without one when the text is empty. */
export const refuse = (
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response =>
  new Response(message === "" ? null : message, {
    status,
    headers: message === "" ? headers : { "content-type": "text/plain; charset=utf-8", ...headers },
  })
