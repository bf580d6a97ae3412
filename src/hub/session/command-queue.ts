import { messagesIn, readCommand } from '../../protobuf/index.ts'
import {
  type Close,
  CloseError,
  type Command,
  CommandError,
  closes,
  decodeCommand,
  encodeErrorReply,
  errors,
  type Incoming,
  type Method,
  messageTooBig,
  unsubscribes,
} from '../../protocol/index.ts'
import { replyFrame } from '../fanout/frame.ts'
import { bytesPerCharacter, type Limits, positionBytes } from '../limits.ts'
import { CallLine } from './call-line.ts'
import type { CommandHost } from './command-host.ts'
import { run } from './commands/index.ts'
import type { Session } from './session.ts'
import type { Commands } from './session-context.ts'

/**
 * Commands that are run one after the other: those that change what the next ones may do, and those whose answers may be large, so that
 * nobody has hundreds of them fetched at once. The rest overtake while they wait for others.
 */
const ordered: ReadonlySet<Method> = new Set<Method>([
  'connect',
  'subscribe',
  'unsubscribe',
  'publish',
  'refresh',
  'sub_refresh',
  'history',
  'presence',
  'presence_stats',
])

/** Commands whose answers may be large: each waits until the socket has room for it. */
const heavy: ReadonlySet<Method> = new Set<Method>(['subscribe', 'history', 'presence'])

/** Whether making its answer may take long: of publications that are kept or were missed, or of everybody in a channel. */
function readsManyRows({ method, params }: Command): boolean {
  switch (method) {
    case 'presence':
    case 'presence_stats':
      return true
    case 'history':
      return (params.limit ?? 0) !== 0
    case 'subscribe':
      return params.recover === true
    default:
      return false
  }
}

/** Commands over the rate, one right after the other, that are still answered. Beyond: close 3013. */
const overspentMax = 10

/** The size of a subscribe command once it recovers. */
function sizeAgain(recovers: boolean | undefined, bytes: number): number {
  return recovers ? bytes : bytes + positionBytes
}

/** Whether one command may have so many bytes: a connect command has the positions of server-side subscriptions beside what others have. */
function fits(incoming: Incoming, bytes: number, limits: Limits): boolean {
  if (bytes <= limits.commandBytesMax) return true
  if (incoming.kind !== 'command' || incoming.command.method !== 'connect') return false
  return bytes <= connectBytesMax(limits, Object.keys(incoming.command.params.subs ?? {}).length)
}

function connectBytesMax({ commandBytesMax, channelLengthMax }: Limits, subscriptions: number): number {
  return commandBytesMax + subscriptions * (bytesPerCharacter * channelLengthMax + positionBytes)
}

/** Runs a session's commands: in the order of the frame, each ordered one after those before it, and bounded in number. */
export class CommandQueue implements Commands {
  #tail: Promise<void> | undefined
  #pending = 0
  #overspent = 0
  #calls: CallLine | undefined

  constructor(
    readonly host: CommandHost,
    readonly session: Session,
  ) {}

  /** Nothing is kept here that the next command would have to know: it may as well find a new queue. */
  get isIdle(): boolean {
    return this.#tail === undefined && this.#pending === 0 && this.#overspent === 0 && this.#calls?.isIdle !== false
  }

  receive(frame: string | Uint8Array): void {
    let left = this.host.limits.commandsPendingMax
    for (const part of typeof frame === 'string' ? frame.split('\n') : messagesIn(frame)) {
      if (this.session.isClosed) return
      // Pongs cost nothing by any rate: a frame of nothing else would hold up everybody while it is read.
      if (--left < 0) this.session.close(closes.tooManyRequests)
      else if (part !== '') this.#take(part)
    }
  }

  #take(part: string | Uint8Array | undefined): void {
    const { session } = this
    const { limits } = this.host
    const bytes = part === undefined ? 0 : Buffer.byteLength(part)
    // Nothing but a first command may be larger than the rest, so that nothing else is read to find out.
    const isTooBig = bytes > (session.isConnected ? limits.commandBytesMax : connectBytesMax(limits, limits.channelsPerSessionMax))
    const incoming = isTooBig ? undefined : typeof part === 'string' ? decodeCommand(part, limits.json) : readCommand(part, limits.json)
    if (incoming !== undefined && fits(incoming, bytes, limits)) this.#accept(incoming, bytes)
    else session.close(messageTooBig)
  }

  #accept(incoming: Incoming, bytes: number): void {
    switch (incoming.kind) {
      case 'pong':
        this.session.awaitingPong = false
        return
      case 'command':
        this.#admit(incoming.command, bytes)
        return
      case 'unknown-method':
        this.#refuseInTurn(incoming.id, new CommandError(errors.methodNotFound))
        this.session.misbehaved()
        return
      case 'malformed':
        this.#refuseInTurn(incoming.id, new CommandError(errors.badRequest, incoming.detail))
        this.session.misbehaved()
        return
    }
  }

  #admit(command: Command, bytes: number): void {
    const { session } = this
    const { limits } = this.host
    this.host.counters.commands++
    if (!session.spend()) {
      this.#refuse(command.id, new CommandError(errors.tooManyRequests))
      if (++this.#overspent > overspentMax) session.close(closes.tooManyRequests)
      return
    }
    this.#overspent = 0
    if (this.#pending + (this.#calls?.waiting ?? 0) >= limits.commandsPendingMax) {
      session.close(closes.tooManyRequests)
      return
    }
    if (command.method === 'subscribe' && sizeAgain(command.params.recover, bytes) > limits.subscribeBytesMax) {
      // Said now: in the frame of a reconnect it would end the connection for good.
      const reason = `a subscribe command has at most ${limits.subscribeBytesMax} bytes`
      this.#refuseInTurn(command.id, new CommandError(errors.limitExceeded, reason))
      return
    }
    const now = this.host.clock.now()
    if (this.#tail === undefined) {
      const room = heavy.has(command.method) ? this.#room(command, now) : undefined
      const running = room === undefined ? this.#start(command) : room.then(() => this.#startOrPutOff(command))
      if (running !== undefined && ordered.has(command.method)) this.#after(running)
    } else if (ordered.has(command.method)) this.#after(this.#tail.then(() => this.#startInTurn(command, now)))
    else this.#overtaken(this.#tail, command)
  }

  /** A heavy command waits until what was asked for before has mostly been sent. */
  #startInTurn(command: Command, receivedAt: number): Promise<void> | undefined {
    const room = heavy.has(command.method) ? this.#room(command, receivedAt) : undefined
    return room === undefined ? this.#startOrPutOff(command) : room.then(() => this.#startOrPutOff(command))
  }

  /** If earlier replies still fill the socket, the client asks again in a moment, on the same connection. */
  #startOrPutOff(command: Command): Promise<void> | undefined {
    if (command.method !== 'subscribe' || this.session.isClosed || this.session.outbox.hasRoom) return this.#start(command)
    this.#refuse(command.id, new CommandError(errors.tooManyRequests, 'what was answered before is still being sent'))
    return undefined
  }

  /** A subscribe waits for so long only: SDKs take no answer for a dead connection, and would come back for ever. */
  #room({ method }: Command, receivedAt: number): Promise<void> | undefined {
    const { host } = this
    const { outbox } = this.session
    const room = outbox.room(method === 'subscribe' ? host.limits.replayWindowBytes : Number.POSITIVE_INFINITY)
    if (room === undefined || method !== 'subscribe') return room
    const leftMs = receivedAt + host.limits.recoveryWaitMs - host.clock.now()
    if (leftMs <= 0) return undefined
    return new Promise(resolve => {
      const late = host.clock.after(leftMs, resolve)
      void room.then(() => {
        late.cancel()
        resolve()
      })
    })
  }

  /** Waits for the ordered commands before it, and for nothing that comes later. */
  #overtaken(tail: Promise<void>, command: Command): void {
    this.#pending++
    void tail.then(() => {
      this.#pending--
      return this.#start(command)
    })
  }

  /** Makes later ordered commands wait for this one. */
  #after(running: Promise<void>): void {
    this.#pending++
    const tail = running.then(() => {
      this.#pending--
      if (this.#tail === tail) this.#tail = undefined
      this.session.dropIdleCommands()
    })
    this.#tail = tail
  }

  /** Runs a command to its answer; undefined when it was answered in this turn. */
  #start(command: Command): Promise<void> | undefined {
    if (this.session.isClosed) return undefined
    if (command.method === 'rpc') {
      this.#calls ??= new CallLine(this.session)
      this.#calls.take(() => this.#run(command) ?? Promise.resolve())
      return undefined
    }
    return this.#run(command)
  }

  #run(command: Command): Promise<void> | undefined {
    try {
      const running = readsManyRows(command) ? this.#inTurn(command) : run(this.host, this.session, command)
      return running?.catch((error: unknown) => this.#fail(command, error))
    } catch (error) {
      this.#fail(command, error)
      return undefined
    }
  }

  /** One at a time of its user, and only a few of all users in one turn of the event loop. */
  async #inTurn(command: Command): Promise<void> {
    await this.host.steps.next(this.session.principal)
    if (!this.session.isClosed) await run(this.host, this.session, command)
  }

  #fail(command: Command, error: unknown): void {
    if (error instanceof CommandError) this.#refuse(command.id, error)
    else if (error instanceof CloseError) this.#close(error.close)
    else {
      this.host.log.error({ err: error, method: command.method, client: this.session.id }, 'a command failed unexpectedly')
      this.#refuse(command.id, new CommandError(errors.internal))
    }
  }

  /** After the answers to what came before it: without an id only its place says what it answers. */
  #refuseInTurn(id: number, error: CommandError): void {
    if (this.#tail === undefined) this.#refuse(id, error)
    else void this.#tail.then(() => this.#refuse(id, error))
  }

  #refuse(id: number, error: CommandError): void {
    this.host.counters.countError(error.code)
    this.session.outbox.enqueue(replyFrame(encodeErrorReply(id, error.toReply())))
  }

  /** Codes below 3000 end a subscription, not the connection; a back end that sends one means the connection all the same. */
  #close(close: Close): void {
    this.session.close(close.code >= unsubscribes.byServer.code && close.code < 3000 ? closes.forceDisconnect : close)
  }
}
