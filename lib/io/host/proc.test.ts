import { expect, test } from "bun:test"
import { isAlive, parseStat, readProcessTable, readStat } from "./proc.ts"

test("parses a stat line whose process name holds spaces and parentheses", () => {
  const rest = "S 10 20 30 0 -1 4194304 1 2 3 4 55 66 7 8 20 0 9 0 12345 1000 77 99"
  expect(parseStat(`42 (a) b (c) ${rest}`)).toEqual({
    pid: 42,
    state: "S",
    ppid: 10,
    pgrp: 20,
    session: 30,
    userTicks: 55,
    systemTicks: 66,
    childUserTicks: 7,
    childSystemTicks: 8,
    threads: 9,
    startTime: 12345,
    rssPages: 77,
  })
  expect(parseStat("cancelled")).toBeUndefined()
})

test("knows this process, and not an older one with its number", () => {
  const self = readStat(process.pid)!
  expect(isAlive(self)).toBe(true)
  expect(isAlive({ ...self, startTime: self.startTime - 1 })).toBe(false)
  expect(readProcessTable().get(process.pid)?.startTime).toBe(self.startTime)
})
