import {
  type Broker,
  type BrokerSink,
  type Identity,
  type Limits,
  type Log,
  type Namespaces,
  Node,
  type Presence,
  type SubscriptionGrant,
  type Verified,
  type Verifier,
} from '../../src/hub/index.ts'
import type { Random } from '../../src/kit/index.ts'
import { CommandError } from '../../src/protocol/index.ts'
import type { MachineClock } from '../core/clock.ts'
import type { Judge } from '../core/judge.ts'
import { isDiskFull } from './disk.ts'

export interface OpenNodeOptions {
  readonly id: string
  readonly clock: MachineClock
  readonly random: Random
  readonly log: Log
  readonly limits: Limits
  readonly namespaces: Namespaces
  connectBroker(sink: BrokerSink): Broker
  openPresence(broker: Broker): Presence
}

/** A node that lets everybody do everything, on a broker and a presence that are given. */
export function openNode({ id, ...options }: OpenNodeOptions): Node {
  return new Node({ ...options, id, name: id, version: 'sim', verifier, hooks: {}, insecure: true, anonymousAllowed: true })
}

/** Tokens say plainly who one is: nothing here is about forging them. */
export const verifier: Verifier = {
  connection: async (token): Promise<Verified<Identity>> => ({ kind: 'valid', value: JSON.parse(token) as Identity }),
  subscription: async (): Promise<Verified<SubscriptionGrant>> => ({ kind: 'invalid', reason: 'not in use' }),
}

/** What a node that lives logs as an error is a promise broken; where nothing is expected to go wrong, a warning as well. */
export function judgedLog(judge: Judge, name: string, clock: MachineClock, isStrict = false): Log {
  const complain = (fields: object, message: string) => {
    if (clock.isDead || ('err' in fields && (isDiskFull(fields.err) || isForNow(fields.err)))) return
    judge.break(`${name} logged: ${message} ${describe(fields)}`)
  }
  return { debug() {}, info() {}, warn: isStrict ? complain : () => {}, error: complain }
}

/** What could not be done for the moment, since something that it needs does not answer: others find it missing and ask for it. */
function isForNow(error: unknown): boolean {
  return error instanceof CommandError && error.temporary
}

function describe(fields: object): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value instanceof Error ? (value.stack ?? value.message) : String(value)}`)
    .join(' ')
}
