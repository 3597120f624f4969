import { expect, test } from "bun:test"
import { quote, taskScript } from "./task-script.ts"

test("a shell command becomes /bin/sh -c, arguments ignored", () => {
  const command = { value: "echo $A", arguments: ["ignored"] }
  expect(taskScript({ command, environment: { A: "b c" } })).toEqual({
    ok: true,
    value:
      "unset PWD OLDPWD\n" +
      "export PATH='/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'\n" +
      "export A='b c'\nexec '/bin/sh' '-c' 'echo $A' < /dev/null\n",
  })
})

test("variables that a shell cannot hold are handed over by env", () => {
  const script = taskScript({
    command: { shell: false, value: "x" },
    environment: { PATH: "/p", "a.b": "1" },
  })
  expect(script.ok && script.value).toContain("exec env 'a.b=1' 'x' < /dev/null")
  expect(script.ok && script.value).toContain("export PATH='/p'")
})

test("refuses a NUL and a command without value", () => {
  expect(taskScript({ command: { value: "a\0b" }, environment: {} }).ok).toBe(false)
  expect(taskScript({ command: { shell: false }, environment: {} }).ok).toBe(false)
})

test("quotes as one shell word", () => {
  expect(quote("it's")).toBe(`'it'\\''s'`)
})
