import { z } from 'zod'
import type { Turns } from '../../hub/index.ts'
import type { ClientInfo } from '../../protocol/index.ts'
import { parsed } from './log-message.ts'

/** What nodes say of who is there. A holder is a node, or a link to one below it: `node>link`. */
export type PresenceMessage =
  | { readonly kind: 'track'; readonly holder: string; readonly channel: string; readonly info: ClientInfo; readonly turns: Turns }
  | { readonly kind: 'untrack'; readonly holder: string; readonly channel: string; readonly client: string }
  /** The holder lives: what it holds lasts for a lease from now on. */
  | { readonly kind: 'renew'; readonly holder: string }
  | { readonly kind: 'drop'; readonly holder: string }

const held = z.looseObject({ holder: z.string() })
const shape = z.discriminatedUnion('kind', [
  held.extend({
    kind: z.literal('track'),
    channel: z.string(),
    info: z.looseObject({ user: z.string(), client: z.string() }),
    turns: z.array(z.number()),
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
