import type { Subprocess } from 'bun'
import { deadlineMs } from '../kit/until.ts'
import { commandOf, type Language } from './toolchains.ts'

/** An SDK in one of the forms of the protocol that it speaks. */
export interface Form {
  readonly language: Language
  readonly form: 'json' | 'protobuf'
  /** Whether the SDK applies deltas. */
  readonly hasDelta: boolean
  /** Whether it asks for another subscription token when the first has ended: centrifuge-java means to, and then gives up all the same. */
  readonly replacesSubscriptionTokens: boolean
  /**
   * Whether it takes no publication that comes behind its own unsubscribe. centrifuge-java hands it out, and once more when it is recovered
   * because a subscribe was already on its way.
   */
  readonly passesOverLatePublications: boolean
  /** What its handlers can do that ends a subscription; a Go handler that panics ends its process. */
  readonly acts: readonly Act[]
}

export type Act = 'unsubscribe' | 'disconnect' | 'throw' | 'linger'

const whole = { hasDelta: true, replacesSubscriptionTokens: true, passesOverLatePublications: true } as const
const go = { language: 'go', ...whole, acts: ['unsubscribe', 'disconnect', 'linger'] } as const
const python = { language: 'python', ...whole, acts: ['unsubscribe', 'disconnect', 'throw', 'linger'] } as const
const java = {
  language: 'java',
  hasDelta: false,
  replacesSubscriptionTokens: false,
  passesOverLatePublications: false,
  acts: ['unsubscribe', 'disconnect', 'throw', 'linger'],
} as const
/** Its handlers cannot wait. */
const js = { language: 'js', ...whole, acts: ['unsubscribe', 'disconnect', 'throw'] } as const

/** Every published SDK under test, in every form that it speaks. */
export const forms: readonly Form[] = [
  { ...go, form: 'json' },
  { ...go, form: 'protobuf' },
  { ...python, form: 'json' },
  { ...python, form: 'protobuf' },
  { ...java, form: 'protobuf' },
  { ...js, form: 'json' },
  { ...js, form: 'protobuf' },
]

export interface Info {
  readonly client: string
  readonly user: string
  readonly connInfo: unknown
  readonly chanInfo: unknown
}

export interface Published {
  readonly data: unknown
  readonly offset: number
  readonly tags?: Readonly<Record<string, string>>
  readonly info?: Info
}

/** Something that an SDK told its handlers. */
export interface Told extends Partial<Published> {
  readonly client: string
  readonly on: string
  readonly channel?: string
  readonly server?: boolean
  readonly code?: number
  readonly message?: string
  readonly id?: string
  readonly recovered?: boolean
  readonly wasRecovering?: boolean
  readonly recoverable?: boolean
  readonly epoch?: string
  readonly act?: string
  readonly eventId?: string
}

interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly error?: { readonly code: number; readonly message: string }
}

/** What an SDK failed with. */
export class SdkError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message)
  }
}

/** The program in which an SDK runs: told a command a line, it tells an event a line. */
export class Driver implements AsyncDisposable {
  readonly told: Told[] = []
  readonly #child: Subprocess<'pipe', 'pipe', 'inherit'>
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>()
  readonly #watchers = new Set<() => void>()
  #id = 0
  #isOver = false

  constructor(language: Language) {
    this.#child = Bun.spawn([...commandOf(language)], { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
    void this.#read()
  }

  /** @throws SdkError what the SDK threw */
  call(what: string, parameters: object = {}): Promise<unknown> {
    if (this.#isOver) return Promise.reject(new Error('the driver has ended'))
    const id = ++this.#id
    const call = Promise.withResolvers<unknown>()
    this.#calls.set(id, call)
    this.#child.stdin.write(`${JSON.stringify({ id, do: what, ...parameters })}\n`)
    this.#child.stdin.flush()
    return this.#inTime(`the answer to ${what}`, call.promise)
  }

  /** The first event from a place in `told` on that is as wanted. */
  async next(what: string, isWanted: (event: Told) => boolean, from = 0): Promise<Told> {
    let seen = from
    const found = Promise.withResolvers<Told>()
    const look = () => {
      for (; seen < this.told.length; seen++) {
        const event = this.told[seen]
        if (event !== undefined && isWanted(event)) return found.resolve(event)
      }
    }
    this.#watchers.add(look)
    look()
    try {
      return await this.#inTime(what, found.promise)
    } finally {
      this.#watchers.delete(look)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#child.exited
  }

  async #inTime<T>(what: string, promise: Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(
      () =>
        late.reject(
          new Error(
            `waited in vain for ${what}; last: ${this.told
              .slice(-12)
              .map(event => JSON.stringify(event))
              .join('\n')}`,
          ),
        ),
      deadlineMs,
    )
    try {
      return await Promise.race([promise, late.promise])
    } finally {
      clearTimeout(timer)
    }
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder()
    let text = ''
    for await (const chunk of this.#child.stdout) {
      text += decoder.decode(chunk, { stream: true })
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) this.#hear(line)
      for (const look of this.#watchers) look()
    }
    this.#isOver = true
    for (const call of this.#calls.values()) call.reject(new Error('the driver has ended'))
  }

  #hear(line: string): void {
    const said: Told | Answer = JSON.parse(line)
    if ('on' in said) {
      this.told.push(said)
      return
    }
    const call = this.#calls.get(said.id)
    this.#calls.delete(said.id)
    if (said.error === undefined) call?.resolve(said.value)
    else call?.reject(new SdkError(said.error.code, said.error.message))
  }
}
