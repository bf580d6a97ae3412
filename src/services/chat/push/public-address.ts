import { BlockList, isIP } from 'node:net'

/** Addresses that no public push service can have: IANA's special-purpose registries, by RFC 6890 and its updates. */
const private4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
]

/** Within what is given out at all, 2000::/3: what leads to other networks or nowhere, 6to4, Teredo and documentation among them. */
const private6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]

const lists = {
  private4: listOf(private4, 'ipv4'),
  private6: listOf(private6, 'ipv6'),
  public6: listOf([['2000::', 3]], 'ipv6'),
} as const

function listOf(ranges: readonly (readonly [string, number])[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList()
  for (const [address, prefix] of ranges) list.addSubnet(address, prefix, family)
  return list
}

/** Whether an address is one of the public internet. What is no address, or stands for one of the other family, is not. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !lists.private4.check(address, 'ipv4')
  return family === 6 && lists.public6.check(address, 'ipv6') && !lists.private6.check(address, 'ipv6')
}
