import type { BrokerMessage, Grant, HistoryPage } from '../hub/index.ts'
import type { Json } from '../kit/index.ts'
import { type Position, Publication, type PublicationFields } from '../protocol/index.ts'

/** A service's answer, with its `data` made and where the channel stood then: what came later is not in it. */
export interface WireGrant extends Grant {
  readonly data?: Json | undefined
}

/** A publication crosses as its fields. */
export type WireMessage =
  | { readonly kind: 'publication'; readonly publication: PublicationFields; readonly epoch: string }
  | Exclude<BrokerMessage, { kind: 'publication' }>

export interface WirePage {
  readonly position: Position
  readonly publications: readonly PublicationFields[]
  readonly complete: boolean
  readonly state: readonly PublicationFields[]
}

/** Publications of one answer: who asks for more asks again. Keeps an answer from holding up what is live. */
const pageLengthMax = 1024 * 1024

export function toWireMessage(message: BrokerMessage): WireMessage {
  return message.kind === 'publication' ? { ...message, publication: message.publication.fields() } : message
}

export function fromWireMessage(message: WireMessage): BrokerMessage {
  return message.kind === 'publication' ? { ...message, publication: new Publication(message.publication) } : message
}

/** Cuts off what would make the answer too long; such a page is not complete. */
export function toWirePage({ position, publications, complete, state }: HistoryPage): WirePage {
  let length = 0
  const fitting = publications.findIndex(publication => {
    length += publication.json.length
    return length > pageLengthMax
  })
  const sent = fitting === -1 ? publications : publications.slice(0, Math.max(1, fitting))
  return {
    position,
    complete: complete && sent.length === publications.length,
    publications: sent.map(publication => publication.fields()),
    state: state.map(publication => publication.fields()),
  }
}

export function fromWirePage({ position, publications, complete, state }: WirePage): HistoryPage {
  return {
    position,
    complete,
    publications: publications.map(fields => new Publication(fields)),
    state: state.map(fields => new Publication(fields)),
  }
}
