import { z } from 'zod'
import type { Clock, Timer } from '../kit/index.ts'
import { CommandError, describeIssue, errors, type ProtocolError } from '../protocol/index.ts'
import { framesOf, LineReader } from './frames.ts'
import { type LinkNotification, type Request, shaped } from './row.ts'

/** The connection under a link. */
export interface LinkSocket {
  send(text: string): void
  /** Bytes that were sent and have not left. */
  bufferedBytes(): number
  close(code: number, reason: string): void
  /** Cuts it without a word, for an end that does not answer any more. */
  terminate(): void
}

/** The handlers of what the other end requests and notifies. */
export interface LinkPeer {
  /** @throws CommandError, which crosses as it is */
  request(name: string, input: unknown): unknown
  /** @throws TypeError for what no node says */
  notified(name: string, input: unknown): void
  /** A request could not be answered for a reason that nobody expected. */
  failed(name: string, error: unknown): void
  /** The other end takes what is sent too slowly, and the link was cut. */
  backedUp(bytes: number): void
}

/** The connection broke before the answer came: whether the question arrived is not known. */
export class BrokenLink extends CommandError {
  constructor() {
    super(errors.internal, 'the node upstream cannot be reached')
  }
}

/** A message is a line: a request, its result or error, or a notification. */
type Line =
  | readonly ['q', id: number, name: string, input: unknown]
  | readonly ['r', id: number, result: unknown]
  | readonly ['e', id: number, error: ProtocolError]
  | readonly ['n', name: string, input: unknown]

interface Pending {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
  readonly timer: Timer
}

const protocolError = shaped<ProtocolError>(z.looseObject({ code: z.number(), message: z.string() }))
/** How long an answer may take; what waits for a disk upstream takes far less. */
const answerMs = 10_000
/**
 * What may wait for a node that reads slowly; beyond, the link is cut, and the node links again and asks for what it missed. Seconds of
 * a hundred thousand small publications fit, and it stays below what the transport drops silently.
 */
export const backlogBytesMax = 32 * 1024 * 1024

/**
 * A conversation between two nodes over one connection, the same for both ends: requests with answers, and notifications. All lines of a tick
 * leave together, in order.
 */
export class Link {
  /** Looks at the link since anything was heard: see `beat`. */
  silence = 0
  readonly #pending = new Map<number, Pending>()
  readonly #reader = new LineReader()
  #next = 1
  #lines: string[] = []
  #closed = false

  constructor(
    readonly clock: Clock,
    readonly socket: LinkSocket,
    readonly peer: LinkPeer,
  ) {}

  get isClosed(): boolean {
    return this.#closed
  }

  /** @throws BrokenLink where the link breaks before the answer; CommandError 100 where none comes in time, or one that cannot be read */
  async request<In, Out>({ name, output }: Request<In, Out>, input: In): Promise<Out> {
    const read = output.safeParse(await this.#ask(name, input))
    if (read.success) return read.data
    throw new CommandError(errors.internal, `the answer to ${name} cannot be read: ${describeIssue(read.error)}`)
  }

  notify<In>({ name }: LinkNotification<In>, input: In): void {
    this.#send(['n', name, input])
  }

  /** Sends a notification that was encoded for several links at once. */
  notifyEncoded(line: string): void {
    if (this.#closed) return
    if (this.#lines.push(line) === 1) this.clock.soon(() => this.#flush())
  }

  /** @throws SyntaxError, RangeError, TypeError for what no node sends */
  received(text: string): void {
    this.silence = 0
    for (const line of this.#reader.read(text)) if (!this.#closed) this.#take(JSON.parse(line))
  }

  /** Called at an even pace: counts the calls since anything was heard. A process that stood still itself does not count. */
  beat(): number {
    return ++this.silence
  }

  /** The connection is gone: whoever waits is told so. */
  closed(): void {
    this.#closed = true
    this.#lines = []
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(new BrokenLink())
  }

  /** Ends it in order: what was said before is sent. */
  close(code: number, reason: string): void {
    this.#flush()
    this.closed()
    this.socket.close(code, reason)
  }

  /** Cuts it. */
  terminate(): void {
    this.closed()
    this.socket.terminate()
  }

  #ask(name: string, input: unknown): Promise<unknown> {
    if (this.#closed) return Promise.reject(new BrokenLink())
    const id = this.#next++
    return new Promise((resolve, reject) => {
      const late = () => this.#settle(id)?.reject(new CommandError(errors.internal, 'the node upstream does not answer'))
      this.#pending.set(id, { resolve, reject, timer: this.clock.after(answerMs, late) })
      this.#send(['q', id, name, input])
    })
  }

  /** Looked at by hand: it is done for every publication. */
  #take(line: unknown): void {
    if (!Array.isArray(line)) throw new TypeError('a line that no node sends')
    const [kind, first, second, third]: readonly unknown[] = line
    if (kind === 'n' && typeof first === 'string') this.peer.notified(first, second)
    else if (typeof first !== 'number') throw new TypeError('a line that no node sends')
    else if (kind === 'q' && typeof second === 'string') this.#answer(first, second, third)
    else if (kind === 'r') this.#settle(first)?.resolve(second)
    else if (kind === 'e') this.#settle(first)?.reject(CommandError.fromReply(protocolError.parse(second)))
    else throw new TypeError('a line that no node sends')
  }

  /** An answer that is known at once is sent in this tick, before anything later. */
  #answer(id: number, name: string, input: unknown): void {
    const failed = (error: unknown) => {
      if (!(error instanceof CommandError)) this.peer.failed(name, error)
      this.#send(['e', id, error instanceof CommandError ? error.toReply() : errors.internal])
    }
    try {
      const answer = this.peer.request(name, input)
      if (answer instanceof Promise) answer.then(result => this.#send(['r', id, result ?? null]), failed)
      else this.#send(['r', id, answer ?? null])
    } catch (error) {
      failed(error)
    }
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    pending?.timer.cancel()
    return pending
  }

  #send(line: Line): void {
    this.notifyEncoded(JSON.stringify(line))
  }

  #flush(): void {
    const lines = this.#lines
    if (lines.length === 0) return
    this.#lines = []
    for (const frame of framesOf(lines)) this.socket.send(frame)
    const bytes = this.socket.bufferedBytes()
    if (bytes <= backlogBytesMax) return
    this.terminate()
    this.peer.backedUp(bytes)
  }
}

/** A notification encoded once, for any number of links. */
export function encodeNotice<In>({ name }: LinkNotification<In>, input: In): string {
  return JSON.stringify(['n', name, input] satisfies Line)
}
