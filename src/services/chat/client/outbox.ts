import type { Encrypted } from '../model/wire.ts'
import type { Refusal } from './view.ts'

/** A message on its way out, as it is kept until the server has answered. */
export interface OutboxEntry {
  readonly cid: string
  readonly conversation: string
  readonly text?: string
  readonly enc?: Encrypted
  readonly replyTo?: number
  readonly version?: number
  /** This device's time when it was written. */
  readonly at: number
  /** Rises with each message of the device: what came first is sent first. */
  readonly order: number
  /** Set when the server refused it for good. */
  readonly refusal?: Refusal
}
