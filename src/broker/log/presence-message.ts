import { z } from 'zod'
import type { PresenceVersion } from '../../hub/index.ts'
import type { ClientInfo } from '../../protocol/index.ts'
import { parsed } from './parsed.ts'

/** Messages between nodes about presence. An owner is a node, or a link to one below it: `node>link`. */
export type PresenceMessage =
  | {
      readonly kind: 'track'
      readonly owner: string
      readonly channel: string
      readonly info: ClientInfo
      readonly version: PresenceVersion
    }
  | { readonly kind: 'untrack'; readonly owner: string; readonly channel: string; readonly client: string }
  /** The owner lives: its entries last for a lease from now on. */
  | { readonly kind: 'renew'; readonly owner: string }
  | { readonly kind: 'drop'; readonly owner: string }

const held = z.looseObject({ owner: z.string() })
const shape = z.discriminatedUnion('kind', [
  held.extend({
    kind: z.literal('track'),
    channel: z.string(),
    info: z.looseObject({ user: z.string(), client: z.string() }),
    version: z.array(z.number()),
  }),
  held.extend({ kind: z.literal('untrack'), channel: z.string(), client: z.string() }),
  held.extend({ kind: z.literal('renew') }),
  held.extend({ kind: z.literal('drop') }),
])
const presenceMessage = z.custom<PresenceMessage>(value => shape.safeParse(value).success)

/** Undefined for what no node of this version writes. */
export function readPresenceMessage(value: string): PresenceMessage | undefined {
  return presenceMessage.safeParse(parsed(value)).data
}
