import { type ClientInfo, CommandError, errors } from '../../protocol/index.ts'

/** Bytes around an entry that stands alone, and not among others. */
const bracesLessComma = 1

/** Who is in a channel, counted in bytes as it is gathered. It goes out in one piece, and there is no part of it that would be right. */
export class PresenceList {
  readonly clients = new Map<string, ClientInfo>()
  /** Of the braces around it. */
  #bytes = 2

  constructor(readonly bytesMax: number) {}

  /** @throws CommandError 106 where it becomes larger than it may be */
  add(info: ClientInfo): void {
    this.#bytes += Buffer.byteLength(JSON.stringify({ [info.client]: info })) - bracesLessComma
    if (this.#bytes > this.bytesMax)
      throw new CommandError(
        errors.limitExceeded,
        `the list of who is there is larger than ${this.bytesMax} bytes; presence_stats counts them`,
      )
    this.clients.set(info.client, info)
  }
}
