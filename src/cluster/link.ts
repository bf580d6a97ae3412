import { type Clock, type Timer, unreachable } from '../kit/index.ts'
import { CommandError, errors, type ProtocolError } from '../protocol/index.ts'
import { framesOf, LineReader } from './frames.ts'
import type { Question, Questions, Statement, Statements } from './messages.ts'

/** The connection under a link. */
export interface LinkSocket {
  send(text: string): void
  /** What was sent and has not left. */
  bufferedBytes(): number
  close(code: number, reason: string): void
  /** Cuts it without a word, for an end that does not answer any more. */
  terminate(): void
}

/** What a node answers and hears on a link. */
export interface LinkPeer {
  /** @throws CommandError, which crosses as it is */
  answer(question: Question, args: unknown): unknown
  hear(statement: Statement, args: unknown): void
  /** A question could not be answered for a reason that nobody expected. */
  failed(question: Question, error: unknown): void
  /** The other end takes what is sent too slowly, and the link was cut. */
  backedUp(bytes: number): void
}

/** The connection broke before the answer came: whether the question arrived is not known. */
export class BrokenLink extends CommandError {
  constructor() {
    super(errors.internal, 'the node upstream cannot be reached')
  }
}

/** A message is a line: a question, its answer or failure, or a statement. */
type Line =
  | readonly ['q', id: number, question: Question, args: unknown]
  | readonly ['r', id: number, result: unknown]
  | readonly ['e', id: number, error: ProtocolError]
  | readonly ['s', statement: Statement, args: unknown]

interface Asked {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
  readonly timer: Timer
}

/** How long an answer may take; what waits for a disk upstream takes far less. */
const answerMs = 10_000
/**
 * What may wait for a node that reads slowly; beyond, the link is cut, and the node links again and asks for what it missed. Seconds of
 * a hundred thousand small publications fit, and it stays below what the transport drops silently.
 */
export const backlogBytesMax = 32 * 1024 * 1024

/**
 * A conversation between two nodes over one connection, the same for both ends: questions with answers, and statements. All lines of a
 * tick leave together, in order.
 */
export class Link {
  /** Looks at the link since anything was heard: see `beat`. */
  silence = 0
  readonly #asked = new Map<number, Asked>()
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

  ask<Q extends Question>(question: Q, args: Questions[Q]['args']): Promise<Questions[Q]['result']> {
    if (this.#closed) return Promise.reject(new BrokenLink())
    const id = this.#next++
    return new Promise((resolve, reject) => {
      const late = () => this.#settle(id)?.reject(new CommandError(errors.internal, 'the node upstream does not answer'))
      // The types of questions and answers are those of one table, which the wire cannot carry.
      this.#asked.set(id, { resolve: resolve as (result: unknown) => void, reject, timer: this.clock.after(answerMs, late) })
      this.#send(['q', id, question, args])
    })
  }

  say<S extends Statement>(statement: S, args: Statements[S]): void {
    this.#send(['s', statement, args])
  }

  /** Sends a statement that was encoded for several links at once. */
  sayEncoded(line: string): void {
    if (this.#closed) return
    if (this.#lines.push(line) === 1) this.clock.soon(() => this.#flush())
  }

  /** @throws SyntaxError, RangeError for what no node sends */
  received(text: string): void {
    this.silence = 0
    for (const line of this.#reader.read(text)) if (!this.#closed) this.#take(JSON.parse(line) as Line)
  }

  /** Called at an even pace: counts the calls since anything was heard. A process that stood still itself does not count. */
  beat(): number {
    return ++this.silence
  }

  /** The connection is gone: whoever waits is told so. */
  closed(): void {
    this.#closed = true
    this.#lines = []
    for (const id of [...this.#asked.keys()]) this.#settle(id)?.reject(new BrokenLink())
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

  #take(line: Line): void {
    switch (line[0]) {
      case 'q':
        this.#answer(line[1], line[2], line[3])
        return
      case 'r':
        this.#settle(line[1])?.resolve(line[2])
        return
      case 'e':
        this.#settle(line[1])?.reject(CommandError.fromReply(line[2]))
        return
      case 's':
        this.peer.hear(line[1], line[2])
        return
      default:
        unreachable(line)
    }
  }

  /** What is known at once is answered in this turn, before anything that happens later is said. */
  #answer(id: number, question: Question, args: unknown): void {
    const failed = (error: unknown) => {
      if (!(error instanceof CommandError)) this.peer.failed(question, error)
      this.#send(['e', id, error instanceof CommandError ? error.toReply() : errors.internal])
    }
    try {
      const answer = this.peer.answer(question, args)
      if (answer instanceof Promise) answer.then(result => this.#send(['r', id, result ?? null]), failed)
      else this.#send(['r', id, answer ?? null])
    } catch (error) {
      failed(error)
    }
  }

  #settle(id: number): Asked | undefined {
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    asked?.timer.cancel()
    return asked
  }

  #send(line: Line): void {
    this.sayEncoded(JSON.stringify(line))
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

/** A statement encoded once, for any number of links. */
export function encodeStatement<S extends Statement>(statement: S, args: Statements[S]): string {
  return JSON.stringify(['s', statement, args] satisfies Line)
}
