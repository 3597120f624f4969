import { expect, test } from "bun:test"
import { helpPage } from "./help-page.ts"

test("lists the endpoints of a process by their paths", async () => {
  const page = helpPage("this master", [
    { path: "/state", methods: ["GET"] },
    { path: "/quota", methods: ["GET", "POST"] },
  ])
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8")
  const text = await page.text()
  expect(text).toContain("<h1>Endpoints of this master</h1>")
  expect(text).toContain("<td>GET, POST</td><td>/quota</td></tr>\n<tr><td>GET</td><td>/state</td>")
})
