import { BlockList, isIP } from 'node:net'

/** Whether it is an address, or a network in CIDR form. */
export function isNetwork(text: string): boolean {
  const [address = '', bits] = text.split('/')
  const family = isIP(address)
  return family !== 0 && (bits === undefined || (bits !== '' && Number(bits) <= (family === 4 ? 32 : 128)))
}

/** Addresses and networks, as a question. */
export class Networks {
  readonly #list = new BlockList()

  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const [address = '', bits] = network.split('/')
      const family = isIP(address)
      if (family !== 0) this.#list.addSubnet(address, bits === undefined ? (family === 4 ? 32 : 128) : Number(bits), nameOf(family))
    }
  }

  /** False for what is no address. */
  has(address: string): boolean {
    const plain = unmapped(address)
    const family = isIP(plain)
    return family !== 0 && this.#list.check(plain, nameOf(family))
  }
}

/** An IPv4 address in IPv6 form, as a server that listens on both gets it, is an IPv4 address. */
export function unmapped(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address
}

function nameOf(family: number): 'ipv4' | 'ipv6' {
  return family === 4 ? 'ipv4' : 'ipv6'
}
