import { z } from 'zod'
import type { BrokerMessage, Control, PublishOptions } from '../../hub/index.ts'
import type { Json } from '../../kit/index.ts'
import { type ClientInfo, Publication, type PublicationFields } from '../../protocol/index.ts'

/** The records that brokers append to a log. `id` names one append: a record that is there twice counts once. */
export type ChannelMessage =
  | { readonly kind: 'publish'; readonly id: string; readonly channel: string; readonly data: Json; readonly options: PublishOptions }
  | { readonly kind: 'announce'; readonly id: string; readonly channel: string; readonly message: LoggedMessage }
  | { readonly kind: 'remove'; readonly id: string; readonly channel: string }

export interface ControlMessage {
  readonly id: string
  readonly control: Control
}

/** A publication is logged as its fields. */
type LoggedMessage =
  | { readonly kind: 'publication'; readonly publication: PublicationFields; readonly epoch: string }
  | { readonly kind: 'join' | 'leave'; readonly infos: readonly ClientInfo[] }

/** A node of this cluster wrote the record, so its form is checked and not each of its fields. */
const named = z.looseObject({ id: z.string(), channel: z.string() })
const channelShape = z.discriminatedUnion('kind', [
  named.extend({ kind: z.literal('publish'), options: z.looseObject({}) }),
  named.extend({ kind: z.literal('announce'), message: z.looseObject({ kind: z.enum(['publication', 'join', 'leave']) }) }),
  named.extend({ kind: z.literal('remove') }),
])
const channelMessage = z.custom<ChannelMessage>(value => channelShape.safeParse(value).success)
const controlShape = z.looseObject({ id: z.string(), control: z.looseObject({ kind: z.string() }) })
const controlMessage = z.custom<ControlMessage>(value => controlShape.safeParse(value).success)

/** Undefined for what no node of this version writes. */
export function readChannelMessage(value: string): ChannelMessage | undefined {
  return channelMessage.safeParse(parsed(value)).data
}

export function readControlMessage(value: string): ControlMessage | undefined {
  return controlMessage.safeParse(parsed(value)).data
}

export function toLogged(message: BrokerMessage): LoggedMessage {
  return message.kind === 'publication' ? { ...message, publication: message.publication.fields() } : message
}

export function fromLogged(message: LoggedMessage): BrokerMessage {
  return message.kind === 'publication'
    ? { kind: 'publication', publication: new Publication(message.publication), epoch: message.epoch }
    : { kind: message.kind, infos: message.infos }
}

export function parsed(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}
