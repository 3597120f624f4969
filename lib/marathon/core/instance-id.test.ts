import { describe, expect, test } from "bun:test"
import { appIdOfTask, instanceIdOf, instanceIdOfTask, isTaskId, taskIdOf } from "./instance-id.ts"
import { pathId } from "./test-app.ts"

const UUID = "0e0d3b6e-1111-4222-8333-444455556666"

describe("ids of instances and tasks", () => {
  test("carry the app's path, a uuid and the incarnation", () => {
    const instance = instanceIdOf(pathId("/prod/web"), UUID)
    expect(instance).toBe(`prod_web.instance-${UUID}`)
    const task: string = taskIdOf(instance, 2)
    expect(task).toBe(`prod_web.instance-${UUID}._app.2`)
    expect(instanceIdOfTask(task)).toBe(instance)
    expect(appIdOfTask(task)).toBe(pathId("/prod/web"))
  })

  test("are found in ids with dots in the path", () => {
    expect(instanceIdOfTask(`a.b_c.instance-${UUID}._app.13`)).toBe(`a.b_c.instance-${UUID}`)
  })

  test.each([
    [`prod_web.instance-${UUID}._app.1`, true],
    [`grp_pod.instance-${UUID}.nginx.2`, true],
    [`prod_web.${UUID}`, true],
    [`prod_web.${UUID}.3`, true],
    [`prod_web.marathon-${UUID}`, true],
    ["no such", false],
    ["web", false],
  ])("%s has the form of a task id: %p", (id, valid) => {
    expect(isTaskId(id)).toBe(valid)
  })
})
