import { type Close, CommandError, errors, unsubscribes } from '../../protocol/index.ts'

interface Pending {
  readonly channel: string
  /** Why it must not go live: the server ended it before it had begun. */
  ended: Close | undefined
}

/** A session's subscriptions whose permission is still being decided. They count as subscriptions, and can be ended like them. */
export class PendingGrants {
  /** Most sessions ask for one channel at a time, which costs no map. */
  #only: Pending | undefined
  #byChannel: Map<string, Pending> | undefined

  get size(): number {
    return this.#byChannel?.size ?? (this.#only === undefined ? 0 : 1)
  }

  /** One that was ended is not there any more, though its answer is still to come: the channel may be asked for anew. */
  has(channel: string): boolean {
    const pending = this.#get(channel)
    return pending !== undefined && pending.ended === undefined
  }

  /** Ends one that is under way; it fails when its answer is there. */
  end(channel: string, close: Close): void {
    const pending = this.#get(channel)
    if (pending !== undefined) pending.ended ??= close
  }

  /** Asks, and gives the answer if nobody has ended the subscription meanwhile. @param done called when it is not pending any more @throws CommandError */
  async during<T>(channel: string, ask: () => Promise<T>, done: () => void): Promise<T> {
    const pending = this.#set(channel)
    try {
      const answer = await ask()
      if (pending.ended === undefined) return answer
    } catch (error) {
      // Also where there is no answer: whoever asks again after an error that passes would not know that it had been ended.
      if (pending.ended === undefined) throw error
    } finally {
      // Another may have begun since this one was ended.
      if (this.#get(channel) === pending) this.#delete(channel)
      done()
    }
    throw endedMeanwhile(pending.ended)
  }

  /** Counts a subscription that will be asked for again, and can be ended until then. */
  hold(channel: string): void {
    this.#set(channel)
  }

  /** It is asked for now, or not wanted any more. Gives why it must not be, where it was ended meanwhile. */
  release(channel: string): Close | undefined {
    const ended = this.#get(channel)?.ended
    this.#delete(channel)
    return ended
  }

  #get(channel: string): Pending | undefined {
    if (this.#byChannel !== undefined) return this.#byChannel.get(channel)
    return this.#only?.channel === channel ? this.#only : undefined
  }

  #set(channel: string): Pending {
    const pending: Pending = { channel, ended: undefined }
    if (this.#byChannel === undefined && (this.#only === undefined || this.#only.channel === channel)) this.#only = pending
    else {
      this.#byChannel ??= new Map(this.#only === undefined ? [] : [[this.#only.channel, this.#only]])
      this.#only = undefined
      this.#byChannel.set(channel, pending)
    }
    return pending
  }

  #delete(channel: string): void {
    if (this.#byChannel !== undefined) this.#byChannel.delete(channel)
    else if (this.#only?.channel === channel) this.#only = undefined
  }
}

/** Whether it was the server's will that the subscription is over, and it does not want it back. */
export function isForGood({ code }: Close): boolean {
  return code >= unsubscribes.byServer.code && code < unsubscribes.insufficientState.code
}

/** The error for a client whose subscription ended before it went live: temporary only if the server wants it back. */
export function endedMeanwhile(close: Close): CommandError {
  return isForGood(close)
    ? new CommandError(errors.permissionDenied, close.reason)
    : new CommandError(errors.internal, 'the subscription ended while it began')
}
