import type { Node } from '../../../src/hub/index.ts'
import type { Position } from '../../../src/protocol/index.ts'
import type { Listener } from '../../cluster/listener.ts'
import type { Oracle } from '../../cluster/oracle.ts'
import type { Fault } from '../../core/fault-injector.ts'
import type { MachineWith } from '../../core/machine.ts'
import type { Stage } from '../../core/workload.ts'
import type { ChannelsMutant } from './mutants.ts'
import type { ChannelsPlan } from './plan.ts'

export type ChannelsStage = Stage<ChannelsPlan, ChannelsMutant>

export interface ChannelsOptions {
  /** Whether pages of history are checked where they arrive; without, only what clients see counts. */
  readonly checksHistory?: boolean
  /** Every other WebSocket is read from a thin line, to the end. */
  readonly thinLines?: boolean
}

/** Where each channel ends, and who is present in it. */
export interface ChannelsAtRest {
  readonly ends: ReadonlyMap<string, Position>
  readonly present: ReadonlyMap<string, ReadonlySet<string>>
}

/** A node at rest. */
export interface RestingNode {
  readonly name: string
  readonly node: Node
  /** The channels that it asks its broker for; undefined where that is not exact. */
  readonly asks: ReadonlySet<string> | undefined
}

/** The nodes of a run, however they stand to each other, and what is true of their channels. */
export interface ChannelsNodes {
  readonly oracle: Oracle
  readonly machines: readonly MachineWith<Listener>[]
  /** What goes wrong with machines and what lies between them, beside what goes wrong with clients. */
  faults(): Fault[]
  /** The end of all that. */
  heal(): void
  atRest(): ChannelsAtRest
  running(): RestingNode[]
  /** What must hold in this topology alone. */
  check(): void
}
