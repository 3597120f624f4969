import type { MasterState, StateAgent, StateFramework, StateTask } from "./types.ts"

/** A task with what it belongs to. */
export type PlacedTask = {
  readonly task: StateTask
  readonly framework: StateFramework
  /** Undefined when the agent has gone. */
  readonly agent: StateAgent | undefined
  readonly completed: boolean
}

/** All tasks in the master's order: of each framework first those that live, then those that ended. */
export function placeTasks(state: MasterState): readonly PlacedTask[] {
  const agents = new Map((state.slaves ?? []).map((agent) => [agent.id, agent]))
  const frameworks = [...(state.frameworks ?? []), ...(state.completed_frameworks ?? [])]
  return frameworks.flatMap((framework) => {
    const place = (task: StateTask, completed: boolean): PlacedTask => {
      return { task, framework, agent: agents.get(task.slave_id), completed }
    }
    return [
      ...(framework.tasks ?? []).map((task) => place(task, false)),
      ...(framework.unreachable_tasks ?? []).map((task) => place(task, false)),
      ...(framework.completed_tasks ?? []).map((task) => place(task, true)),
    ]
  })
}

/** The address part of a libprocess pid: `slave(1)@10.0.2.1:5051` is at 10.0.2.1. */
export const ipOfPid = (pid: string): string => pid.slice(pid.indexOf("@") + 1).replace(/:\d+$/, "")
