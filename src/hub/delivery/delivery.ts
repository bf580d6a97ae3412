import { z } from 'zod'
import type { Json } from '../../kit/index.ts'
import type { Pacers } from './state/pacer.ts'
import type { StateStore } from './state/state-store.ts'

/**
 * What the channels of a namespace promise their subscribers. The core asks this object and never which delivery it is, so that another
 * promise is another file of this folder. Each namespace has one of its own, which knows the options of the namespace.
 */
export interface Delivery {
  /** As configuration names it. */
  readonly name: string
  /** What a returning client recovers of the publications that it missed. */
  readonly recovers: 'all' | 'newest' | 'nothing'
  /** What happens to subscribers if no history has the missing publications any more. */
  readonly onGap: 'restart' | 'carry on'
  /** Which publications have a place in the channel: `urgent` are those that no state store takes. */
  readonly places: 'all' | 'urgent' | 'none'
  /** The kind of its frames in a session's queue: ephemeral ones are dropped first. */
  readonly frame: 'push' | 'ephemeral'
  readonly history: Retention
  /** Terms that every subscription has, whether its client asks for them or not. */
  readonly forces: { readonly recovery: boolean; readonly positioning: boolean }
  /** Subscribers may ask for a part by tags. */
  readonly tagsFilter: boolean
  /** Which publications may go out as the difference to the one before: none, those that are published so, or any. */
  readonly delta: 'never' | 'asked' | 'always'
  /** The lanes that a publication may name; empty if there are none. */
  readonly lanes: readonly string[]
  /** Which state store takes the publication; undefined where it goes to everyone at once. */
  laneOf(publication: { readonly lane?: string | undefined }): number | undefined
  /** The state stores of a channel. */
  states(channel: string, pacers: Pick<Pacers, 'of'>): readonly StateStore[]
  /** The `data` of a newcomer's reply. */
  snapshot(states: readonly StateStore[]): Json | undefined
  /** Whether the channel may have the key: refused otherwise. */
  hasRoom(states: readonly StateStore[], key: string | undefined, keysMax: number): boolean
}

/** How much a broker keeps of a channel, and for how long. */
export interface Retention {
  readonly size: number
  readonly ttlMs: number
  /** How long a channel in which nothing happens is remembered, with its place or its values; 0 for ever. */
  readonly quietMs: number
  readonly store: 'memory' | 'disk'
}

/** The defaults of a delivery. */
export const plain = {
  recovers: 'nothing',
  onGap: 'carry on',
  places: 'none',
  frame: 'push',
  history: { size: 0, ttlMs: 0, quietMs: 0, store: 'memory' },
  forces: { recovery: false, positioning: false },
  tagsFilter: false,
  delta: 'never',
  lanes: [],
  laneOf: () => undefined,
  states: () => [],
  snapshot: () => undefined,
  hasRoom: () => true,
} as const satisfies Omit<Delivery, 'name'>

/** How whoever reads about a problem spells options and durations: configuration has names and units of its own. */
export interface Spelling {
  option(name: string): string
  duration(ms: number): string
}

/** Says what is wrong with an option, such as `historySize` or `lanes[1].name`. */
export type Complain = (option: string, reason: string) => void

interface Definition<Shape extends z.ZodRawShape> {
  /** The options that a namespace has for this delivery beside those of all namespaces. */
  readonly options: Shape
  /** Options that do not go together. */
  check?(options: z.output<z.ZodObject<Shape>>, complain: Complain, spelling: Spelling): void
  create(options: z.output<z.ZodObject<Shape>>): Delivery
}

/** One delivery with the options that it takes. */
export interface DeliveryKind<Shape extends z.ZodRawShape = z.ZodRawShape> {
  readonly options: Shape
  /** Undefined where a problem was told. */
  read(given: object, complain: Complain, spelling: Spelling): Delivery | undefined
}

export function deliveryKind<Shape extends z.ZodRawShape>({ options, check, create }: Definition<Shape>): DeliveryKind<Shape> {
  const schema = z.object(options)
  return {
    options,
    read(given, complain, spelling) {
      const read = schema.safeParse(given)
      if (!read.success) {
        for (const { path, message } of read.error.issues) complain(optionAt(path), message)
        return undefined
      }
      let isSound = true
      check?.(
        read.data,
        (option, reason) => {
          isSound = false
          complain(option, reason)
        },
        spelling,
      )
      return isSound ? create(read.data) : undefined
    },
  }
}

/** A path as a program would write it: `lanes[0].name`. */
export function optionAt(path: readonly PropertyKey[]): string {
  return path.map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`)).join('')
}

export const flag = z.boolean().default(false)
