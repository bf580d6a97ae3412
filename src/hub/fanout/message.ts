import {
  encodeConnectReply,
  encodeDeltaOf,
  encodeHistoryReply,
  encodeProtobuf,
  encodePublicationPush,
  encodeSubscribeReply,
  pushFromJson,
  replyFromJson,
} from '../../protobuf/index.ts'
import {
  type ConnectResult,
  deltaBetween,
  encodeConnectResult,
  encodeDelta,
  encodeEscaped,
  encodePublications,
  encodeReply,
  encodeSubscribeResult,
  type Position,
  type Publication,
  push,
  type SubscribeResult,
  type SubsEntry,
} from '../../protocol/index.ts'

/** Something the server says to clients, in the form of whichever wire asks for it. Who asks remembers it. */
export interface Message {
  /** A reply, or what stands in `{"push":…}`. */
  readonly json: string
  /** A reply behind its length. */
  readonly protobuf: Uint8Array
}

/** A message that is small or sent once: its Protobuf form is made from the text. */
export class TextMessage implements Message {
  constructor(
    readonly json: string,
    readonly isPush: boolean,
  ) {}

  get protobuf(): Uint8Array {
    return this.isPush ? pushFromJson(this.json) : replyFromJson(this.json)
  }
}

/** A publication as it was made. */
export class PublicationPush implements Message {
  constructor(
    readonly channel: string,
    readonly publication: Publication,
  ) {}

  get json(): string {
    return push.publication(this.channel, this.publication)
  }

  get protobuf(): Uint8Array {
    return encodePublicationPush(this.channel, encodeProtobuf(this.publication))
  }
}

/** The same for those who negotiated delta: built on the publication before where they hold it, and whole otherwise. */
export class DeltaPush implements Message {
  constructor(
    readonly channel: string,
    readonly publication: Publication,
    readonly previous: Publication | undefined,
  ) {}

  get json(): string {
    const { channel, publication, previous } = this
    return push.encodedPublication(channel, previous === undefined ? encodeEscaped(publication) : encodeDelta(previous, publication))
  }

  get protobuf(): Uint8Array {
    const { channel, publication, previous } = this
    const delta = previous === undefined ? undefined : deltaBetween(previous, publication)
    return encodePublicationPush(channel, delta === undefined ? encodeProtobuf(publication) : encodeDeltaOf(publication, delta))
  }
}

export class ConnectReply implements Message {
  constructor(
    readonly id: number,
    readonly result: ConnectResult,
    readonly subs: ReadonlyMap<string, SubsEntry>,
  ) {}

  get json(): string {
    return encodeReply(this.id, 'connect', encodeConnectResult(this.result, this.subs))
  }

  get protobuf(): Uint8Array {
    return encodeConnectReply(this.id, this.result, this.subs)
  }
}

export class SubscribeReply implements Message {
  constructor(
    readonly id: number,
    readonly result: SubscribeResult,
  ) {}

  get json(): string {
    return encodeReply(this.id, 'subscribe', encodeSubscribeResult(this.result))
  }

  get protobuf(): Uint8Array {
    return encodeSubscribeReply(this.id, this.result)
  }
}

export class HistoryReply implements Message {
  constructor(
    readonly id: number,
    readonly position: Position,
    readonly publications: readonly Publication[],
  ) {}

  get json(): string {
    const { epoch, offset } = this.position
    const result = `{"publications":${encodePublications(this.publications)},"epoch":${JSON.stringify(epoch)},"offset":${offset}}`
    return encodeReply(this.id, 'history', result)
  }

  get protobuf(): Uint8Array {
    return encodeHistoryReply(this.id, this.position, this.publications)
  }
}
