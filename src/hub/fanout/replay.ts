import { RingBuffer } from '../../kit/index.ts'
import type { Publication } from '../../protocol/index.ts'
import { Frame } from './frame.ts'
import { DeltaPush, type Message, PublicationPush } from './message.ts'

/** The subscription that a replay is for. */
export interface Replayed {
  readonly channel: { readonly name: string }
  readonly terms: { readonly delta: boolean }
  /** Everything has been handed to the connection. */
  caughtUp(): void
}

/**
 * What a subscription has recovered and not been sent yet. It holds the publications as the history does and makes frames of them piece by
 * piece, as the socket drains: a client that reads slowly costs a list of references. What is published meanwhile is put behind.
 */
export class Replay {
  /** The size of the publications: the length of their JSON, close enough for a bound. */
  bytes = 0
  readonly #publications = new RingBuffer<Publication>()

  constructor(
    readonly subscription: Replayed,
    /** The place up to which the client has been sent everything. */
    public offset: number,
  ) {}

  get isDone(): boolean {
    return this.#publications.size === 0
  }

  push(publication: Publication): void {
    this.#publications.push(publication)
    this.bytes += publication.json.length
  }

  /** The next publications, at most so many bytes and at least one. */
  take(bytesMax: number): Frame {
    const { channel, terms } = this.subscription
    const messages: Message[] = []
    for (let bytes = 0; bytes < bytesMax; ) {
      const publication = this.#publications.shift()
      if (publication === undefined) break
      bytes += publication.json.length
      if (publication.offset !== 0) this.offset = publication.offset
      messages.push(terms.delta ? new DeltaPush(channel.name, publication, undefined) : new PublicationPush(channel.name, publication))
      this.bytes -= publication.json.length
    }
    if (this.isDone) this.subscription.caughtUp()
    return new Frame(messages, 'push', messages.length, true)
  }

  /** The subscription ended: nobody is owed anything. */
  drop(): void {
    this.#publications.clear()
    this.bytes = 0
  }
}

/** The size of publications in bounds of bytes. */
export function bytesOf(publications: readonly Publication[]): number {
  let bytes = 0
  for (const { json } of publications) bytes += json.length
  return bytes
}

/** Whether publications are no larger together. Those beyond are not looked at, whose JSON may not have been made yet. */
export function fitInto(publications: readonly Publication[], bytesMax: number): boolean {
  return countWithin(publications, bytesMax) === publications.length
}

/** How many of the first publications fit into so many bytes. */
export function countWithin(publications: readonly Publication[], bytesMax: number): number {
  let bytes = 0
  for (const [index, { json }] of publications.entries()) {
    bytes += json.length
    if (bytes > bytesMax) return index
  }
  return publications.length
}
