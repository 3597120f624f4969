import { expect, test } from "bun:test"
import { blockStatistics, parseBlkio, parseIoStat } from "./block-statistics.ts"

test("version 1 tells devices and operations, and a total that is no device's", () => {
  const bytes = parseBlkio(
    "8:16 Read 10\n8:16 Write 20\n8:0 Read 4096\n8:0 Total 4096\nTotal 4126\n",
  )
  const operations = parseBlkio("8:0 Read 1\n8:0 Strange 2\n")
  expect(blockStatistics(bytes, operations)).toEqual({
    throttling: [
      {
        device: { majorNumber: 8, minorNumber: 0 },
        ioServiced: [
          { op: "READ", value: 1 },
          { op: "UNKNOWN", value: 2 },
        ],
        ioServiceBytes: [
          { op: "READ", value: 4096 },
          { op: "TOTAL", value: 4096 },
        ],
      },
      {
        device: { majorNumber: 8, minorNumber: 16 },
        ioServiced: [],
        ioServiceBytes: [
          { op: "READ", value: 10 },
          { op: "WRITE", value: 20 },
        ],
      },
    ],
  })
})

test("version 2 tells them in one line for each device", () => {
  const text = "254:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n"
  expect(blockStatistics(parseIoStat(text, "bytes"), parseIoStat(text, "operations"))).toEqual({
    throttling: [
      {
        device: { majorNumber: 254, minorNumber: 0 },
        ioServiced: [
          { op: "READ", value: 3 },
          { op: "WRITE", value: 4 },
          { op: "DISCARD", value: 0 },
        ],
        ioServiceBytes: [
          { op: "READ", value: 1 },
          { op: "WRITE", value: 2 },
          { op: "DISCARD", value: 0 },
        ],
      },
    ],
  })
})

test("there are none where nothing was read", () => {
  expect(blockStatistics(parseBlkio(undefined), parseIoStat(undefined, "bytes"))).toBeUndefined()
})
