import type { AskingHooks, HookAnswer, HookClient, Principal } from '../../hub/index.ts'
import { backoffMs, type Clock, FairQueue, type JsonBounds, type Random, randomId } from '../../kit/index.ts'
import { CommandError, errors } from '../../protocol/index.ts'
import type { Config, HookTarget } from '../config/index.ts'
import { type HookQuestion, type Result, readAnswer, resultSchemas } from './answers.ts'
import type { HookLog } from './hook-log.ts'
import type { Envelope, HookSender } from './hook-sender.ts'
import { hookLimits } from './limits.ts'
import type { HookTally } from './tally.ts'

export interface QuestionsContext {
  readonly clock: Clock
  readonly random: Random
  readonly sender: HookSender
  readonly hookLog: HookLog
  readonly tally: HookTally
  readonly json: JsonBounds
}

/** Asks back ends and waits. What is asked again carries the same key, so that a back end can answer it without doing it twice. */
export class HookQuestions {
  /** By scheme, host and port: round robin between users, so that one's thousand questions delay another's by one of them. */
  readonly #queues = new Map<string, FairQueue>()

  constructor(readonly context: QuestionsContext) {}

  /** The questions that have a target. */
  asking({ targets }: Config['hooks']): AskingHooks {
    const { connect, refresh, subscribe, publish, rpc } = targets
    return {
      ...(connect && { connect: ({ user: _, ...client }, { data, headers }) => this.#ask('connect', connect, client, { data }, headers) }),
      ...(refresh && { refresh: client => this.#ask('refresh', refresh, client, {}) }),
      ...(subscribe && { subscribe: (client, channel, data) => this.#ask('subscribe', subscribe, client, { channel, data }) }),
      ...(publish && { publish: (client, channel, data) => this.#ask('publish', publish, client, { channel, data }) }),
      ...(rpc && { rpc: (client, method, data) => this.#ask('rpc', rpc, client, { method, data }) }),
    }
  }

  /** @throws CommandError 100 where there is no answer that makes sense, 111 where too many questions wait */
  async #ask<Q extends HookQuestion>(
    name: Q,
    target: HookTarget,
    client: Partial<HookClient> & { readonly principal: Principal },
    fields: object,
    headers?: Envelope['headers'],
  ): Promise<HookAnswer<Result<Q>>> {
    const queue = this.#queueTo(target)
    const turn = queue.enter(client.principal)
    if (turn === undefined) {
      this.context.tally.add(name, 'refused')
      this.context.hookLog.warn(name, {}, 'a hook is not called: too many questions wait for the back end')
      throw new CommandError(errors.tooManyRequests)
    }
    await turn
    try {
      const body = JSON.stringify(bodyOf(client, fields))
      return await this.#insist({ name, target, key: randomId(this.context.random), body, ...(headers && { headers }) })
    } finally {
      queue.leave(client.principal)
    }
  }

  async #insist<Q extends HookQuestion>(envelope: Envelope & { readonly name: Q }): Promise<HookAnswer<Result<Q>>> {
    const { clock, random, sender, tally } = this.context
    const { name, target } = envelope
    for (let attempt = 0; ; attempt++) {
      const outcome = await sender.post(envelope)
      if (outcome.kind === 'answered') return this.#read(name, outcome.body)
      if (outcome.mayRepeat && attempt < target.retries) {
        tally.add(name, 'retried')
        await wait(clock, backoffMs(attempt, random, hookLimits.questionBackoff))
        continue
      }
      throw this.#failure(name, outcome.reason, 'the back end did not answer')
    }
  }

  #read<Q extends HookQuestion>(name: Q, text: string): HookAnswer<Result<Q>> {
    const read = readAnswer(text, resultSchemas[name], this.context.json)
    if (!read.ok) throw this.#failure(name, read.reason, 'the back end’s answer makes no sense')
    this.context.tally.add(name, 'answered')
    // The schema is that of the question, which TypeScript cannot follow through the table.
    return read.answer as HookAnswer<Result<Q>>
  }

  #failure(name: HookQuestion, reason: string, message: string): CommandError {
    this.context.tally.add(name, 'failed')
    this.context.hookLog.warn(name, { reason }, `a hook failed: ${message}`)
    return new CommandError(errors.internal, message)
  }

  #queueTo({ url }: HookTarget): FairQueue {
    const { origin } = new URL(url)
    const known = this.#queues.get(origin)
    if (known !== undefined) return known
    const queue = new FairQueue({
      unitsMax: hookLimits.questionsMax,
      unitsPerKeyMax: hookLimits.questionsPerUserMax,
      waitingMax: hookLimits.questionsWaitingMax,
      waitingPerKeyMax: hookLimits.questionsWaitingPerUserMax,
    })
    this.#queues.set(origin, queue)
    return queue
  }
}

/** As Centrifugo's proxies ask: absent fields are left out. */
export function bodyOf({ client, transport, protocol, user, meta }: Partial<HookClient>, fields: object): object {
  return { client, transport, protocol: protocol ?? 'json', encoding: 'json', user, ...fields, meta }
}

function wait(clock: Clock, ms: number): Promise<void> {
  return new Promise(resolve => clock.after(ms, resolve))
}
