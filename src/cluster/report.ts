/** A worker is a process on the same machine and port as its parent, which speaks for it. An edge that has nodes below it is regional. */
export type NodeRole = 'central' | 'regional' | 'edge' | 'worker'

/** The counters of a node since it started. */
export interface NodeCounts {
  /** Publish calls that passed every check here. */
  readonly published: number
  /** Publications written to clients of this node. */
  readonly delivered: number
  /** Publications handed to nodes below. */
  readonly relayed: number
  readonly writes: number
  readonly bytesOut: number
  readonly dropped: number
  readonly commands: number
  readonly recovered: number
  readonly unrecovered: number
  /** By code. */
  readonly errors: Readonly<Record<string, number>>
  readonly closes: Readonly<Record<string, number>>
}

/** One node of the tree as its parents see it. */
export interface NodeReport extends NodeCounts {
  readonly node: string
  readonly role: NodeRole
  readonly region: string
  /** The node it hangs on; '' for the central one. */
  readonly parent: string
  /** Sessions of this node itself. */
  readonly viewers: number
  readonly websockets: number
  readonly subscriptions: number
  /** Channels that it subscribed to upstream; on the central node, those that have subscribers here or below. */
  readonly channels: number
}
