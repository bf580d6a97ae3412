import { type Clock, type Timer, unreachable } from '../kit/index.ts'
import { CommandError, errors, type ProtocolError } from '../protocol/index.ts'
import type { Question, Questions, Statement, Statements } from './messages.ts'

/** The connection under a link. */
export interface LinkSocket {
  send(text: string): void
  close(): void
}

/** What a node answers and hears on a link. */
export interface LinkPeer {
  /** @throws CommandError, which crosses as it is */
  answer(question: Question, args: unknown): unknown
  hear(statement: Statement, args: unknown): void
  /** A question could not be answered for a reason that nobody expected. */
  failed(question: Question, error: unknown): void
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
/** Lines of a tick are sent together, up to this many characters. */
const frameLengthMax = 48 * 1024

/**
 * A conversation between two nodes over one connection, the same for both ends: questions with answers, and statements. All lines of a
 * tick leave together, in order.
 */
export class Link {
  readonly #asked = new Map<number, Asked>()
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
    if (this.#closed) return Promise.reject(unreachableNode())
    const id = this.#next++
    return new Promise((resolve, reject) => {
      const timer = this.clock.after(answerMs, () => this.#settle(id)?.reject(unreachableNode()))
      // The types of questions and answers are those of one table, which the wire cannot carry.
      this.#asked.set(id, { resolve: resolve as (result: unknown) => void, reject, timer })
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

  received(text: string): void {
    for (const line of text.split('\n')) if (line !== '' && !this.#closed) this.#take(JSON.parse(line) as Line)
  }

  /** The connection is gone: whoever waits is told so. */
  closed(): void {
    this.#closed = true
    this.#lines = []
    for (const id of [...this.#asked.keys()]) this.#settle(id)?.reject(unreachableNode())
  }

  close(): void {
    this.#flush()
    this.closed()
    this.socket.close()
  }

  #take(line: Line): void {
    switch (line[0]) {
      case 'q':
        void this.#answer(line[1], line[2], line[3])
        return
      case 'r':
        this.#settle(line[1])?.resolve(line[2])
        return
      case 'e':
        this.#settle(line[1])?.reject(new CommandError(line[2]))
        return
      case 's':
        this.peer.hear(line[1], line[2])
        return
      default:
        unreachable(line)
    }
  }

  async #answer(id: number, question: Question, args: unknown): Promise<void> {
    try {
      this.#send(['r', id, (await this.peer.answer(question, args)) ?? null])
    } catch (error) {
      if (!(error instanceof CommandError)) this.peer.failed(question, error)
      this.#send(['e', id, error instanceof CommandError ? error.toReply() : errors.internal])
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
    this.#lines = []
    let frame = ''
    for (const line of lines) {
      if (frame !== '' && frame.length + line.length > frameLengthMax) {
        this.socket.send(frame)
        frame = ''
      }
      frame = frame === '' ? line : `${frame}\n${line}`
    }
    if (frame !== '' && !this.#closed) this.socket.send(frame)
  }
}

/** A statement encoded once, for any number of links. */
export function encodeStatement<S extends Statement>(statement: S, args: Statements[S]): string {
  return JSON.stringify(['s', statement, args] satisfies Line)
}

export function unreachableNode(): CommandError {
  return new CommandError(errors.internal, 'the node upstream cannot be reached')
}
