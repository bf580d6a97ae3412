import { type Clock, within } from '../kit/index.ts'
import { CommandError, errors } from '../protocol/index.ts'
import type { Connector } from './connector.ts'
import { Link } from './link.ts'
import { linkCloses, linkVersion, protocol } from './protocol.ts'

export interface ReachOptions {
  readonly clock: Clock
  readonly connect: Connector
  readonly secret: string
  /** This node's id. */
  readonly id: string
}

/** How long the node at an address may take to say who it is. */
const reachMs = 5000

/** The id of the node that another node finds at an address. @throws Error with the reason where there is none */
export async function reachNode(address: string, { clock, connect, secret, id }: ReachOptions): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = connect(address, secret, {
    opened() {
      link.request(protocol.peer, { node: id, version: linkVersion }).then(({ node }) => resolve(node), reject)
    },
    received(text) {
      try {
        link.received(text)
      } catch {
        reject(new Error('what answers there is no node'))
      }
    },
    ended(code, reason) {
      link.closed()
      reject(new Error(reason === '' ? `the connection was closed with ${code}` : reason))
    },
  })
  const link = new Link(clock, socket, {
    request() {
      throw new CommandError(errors.methodNotFound)
    },
    notified() {},
    failed() {},
    backedUp() {},
  })
  try {
    return await within(clock, reachMs, promise, () => new Error('nothing answers there'))
  } finally {
    link.close(linkCloses.normal.code, linkCloses.normal.reason)
  }
}
