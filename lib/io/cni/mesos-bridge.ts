import { PORT_MAPPER } from "./network.ts"
import type { Network } from "./network.ts"

/**
 * The network that every agent of DC/OS has, and that Marathon names for MESOS containers in mode
 * "container/bridge": one behind the machine's address, with ports mapped. A description of that name
 * takes its place. Source: dcos/dcos: gen/dcos-config.yaml (ucr-default-bridge.json).
 */
export const MESOS_BRIDGE: Network = {
  name: "mesos-bridge",
  cniVersion: "0.4.0",
  plugins: [
    {
      type: "bridge",
      bridge: "ucr-br0",
      isDefaultGateway: true,
      forceAddress: false,
      ipMasq: true,
      hairpinMode: true,
      ipam: { type: "host-local", ranges: [[{ subnet: "172.31.254.0/24" }]] },
    },
    PORT_MAPPER,
  ],
}
