export { ContainerNetworks, namedNetworks } from "./container-networks.ts"
export type {
  ContainerNetwork,
  ContainerNetworksOptions,
  NetworkRequest,
} from "./container-networks.ts"
