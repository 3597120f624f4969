import { expect, test } from "bun:test"
import { networkOfProcess, networkStatistics, parseNetDev } from "./network-statistics.ts"

const dev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  eth0: 1296 16 1 2    0     0          0         0      720       9    3    4    0     0       0          0
  eth1:4 3 0 0 0 0 0 0 2 1 0 0 0 0 0 0
`

test("interfaces are added up, but for the loopback", () => {
  expect(networkStatistics(parseNetDev(dev))).toEqual({
    netRxBytes: 1300,
    netRxPackets: 19,
    netRxErrors: 1,
    netRxDropped: 2,
    netTxBytes: 722,
    netTxPackets: 10,
    netTxErrors: 3,
    netTxDropped: 4,
  })
  expect(networkStatistics(parseNetDev(""))).toEqual({})
})

test("a process on the agent's own network has none to tell of", () => {
  expect(networkOfProcess(process.pid)).toEqual({})
  expect(networkOfProcess(2 ** 30)).toEqual({})
})
