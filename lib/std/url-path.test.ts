import { expect, test } from "bun:test"
import { urlPath } from "./url-path.ts"

test.each([
  "http://master:5050/",
  "http://master:5050",
  "http://master/api/v1/scheduler",
  "http://[::1]:5050/master/state?jsonp=a/b",
  "https://master/a%2Fb?x#y",
  "http://master/a#b?c",
  "http://master/a//b/",
])("finds the path of %s as a whole parser does", (url) => {
  const request = new Request(url)
  expect(urlPath(request.url)).toBe(new URL(url).pathname)
})

test("takes a URL without path for its root", () => {
  expect(urlPath("http://master:5050")).toBe("/")
})
