/** An endpoint as `/help` names it. */
export type Endpoint = { readonly path: string; readonly methods: readonly string[] }

/** A page that lists the endpoints of a process, which is named such as "this master". */
export function helpPage(process: string, endpoints: readonly Endpoint[]): Response {
  const rows = endpoints
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, methods }) => `<tr><td>${methods.join(", ")}</td><td>${path}</td></tr>`)
  const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Endpoints of ${process}</title></head>
<body>
<h1>Endpoints of ${process}</h1>
<table>
${rows.join("\n")}
</table>
</body>
</html>
`
  return new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } })
}
