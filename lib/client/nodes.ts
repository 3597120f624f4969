import { connectMesos, connectRouter, type ClientContext } from "./connect.ts"
import { ipOfPid } from "./mesos/tasks.ts"
import type { MasterState, StateAgent } from "./mesos/types.ts"
import type { HostAddress, NodeAddresses } from "./metadata/types.ts"

/** A node as tables show it and as JSON shows it. */
export type ListedNode = {
  readonly row: {
    readonly hostname: string
    readonly ip: string
    readonly publicIps: readonly string[]
    readonly id: string
    readonly type: string
    readonly status: string
    readonly region: string
    readonly zone: string
  }
  readonly json: object
}

/** All nodes: agents in the master's order, then masters. */
export async function connectNodes(context: ClientContext): Promise<readonly ListedNode[]> {
  const mesos = await connectMesos(context)
  const behindRouter = (await context.settings()).get("core.dcos_url") !== undefined
  const router = behindRouter ? await connectRouter(context) : undefined
  const [state, summary, masters, addresses] = await Promise.all([
    mesos.state(),
    mesos.stateSummary(),
    router?.hosts("master.mesos").catch(() => []) ?? [],
    router?.publicAddresses().catch(() => []) ?? [],
  ])
  const publicIps = publicIpsOf(addresses)
  const agents = summary.slaves ?? state.slaves ?? []
  return [
    ...agents.map((agent) => listAgent(agent, publicIps)),
    ...(masters.length > 0 ? masters : [leaderOf(state)]).map((master) =>
      listMaster(master, state, publicIps),
    ),
  ]
}

type PublicIps = ReadonlyMap<string, readonly string[]>

const publicIpsOf = (addresses: readonly NodeAddresses[]): PublicIps =>
  new Map(addresses.map((one) => [one.private_ip, one.public_ips]))

/** The one master that is known where Mesos-DNS does not run. */
const leaderOf = (state: MasterState): HostAddress => ({
  host: state.hostname ?? "",
  ip: ipOfPid(state.leader ?? state.pid ?? ""),
})

function statusOf(agent: StateAgent): string {
  if (agent.drain_info?.state !== undefined) return agent.drain_info.state
  return agent.deactivated === true ? "DEACTIVATED" : "ACTIVE"
}

function listAgent(agent: StateAgent, addresses: PublicIps): ListedNode {
  const ip = ipOfPid(agent.pid)
  const publicIps = addresses.get(ip) ?? []
  const domain = agent.domain?.fault_domain
  const region = domain?.region?.name ?? ""
  const zone = domain?.zone?.name ?? ""
  const status = statusOf(agent)
  const isPublic = String(agent.attributes?.["public_ip"]) === "true"
  const type = isPublic ? "agent (public)" : "agent"
  return {
    row: { hostname: agent.hostname, ip, publicIps, id: agent.id, type, status, region, zone },
    json: { ...agent, public_ips: publicIps, type: "agent", region, zone, status },
  }
}

function listMaster(master: HostAddress, state: MasterState, addresses: PublicIps): ListedNode {
  const { host, ip } = master
  const leads = ip === leaderOf(state).ip
  const publicIps = addresses.get(ip) ?? []
  const domain = state.domain?.fault_domain
  const region = domain?.region?.name ?? ""
  const zone = leads ? (domain?.zone?.name ?? "") : "N/A"
  const id = leads ? (state.id ?? "N/A") : "N/A"
  const type = leads ? "master (leader)" : "master (standby)"
  const known = leads ? { id, pid: state.pid, version: state.version } : { id }
  return {
    row: { hostname: host, ip, publicIps, id, type, status: "", region, zone },
    json: { host, ip, public_ips: publicIps, type, region, zone, ...known },
  }
}
