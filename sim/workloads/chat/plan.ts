import { between, type Random } from '../../../src/kit/index.ts'
import { type ChatBounds, chatDefaults } from '../../../src/services/chat/index.ts'
import { pick } from '../../core/chance.ts'
import type { Plan } from '../../core/workload.ts'

/** `calm`: nothing goes wrong. `flood`: somebody is away while more is said than fits into a window. */
export type ChatClimate = 'calm' | 'rough' | 'stormy' | 'flood'

/** What a run is made of, all of it drawn from the seed. */
export interface ChatPlan extends Plan {
  readonly climate: ChatClimate
  /** Whether some devices run the client layer on the published SDK. */
  readonly apps: boolean
  readonly users: readonly string[]
  /** By user: the names of their devices. */
  readonly devices: Readonly<Record<string, readonly string[]>>
  readonly bounds: ChatBounds
  /** Between two things that users do, on average. */
  readonly actMs: number
  /** Between two faults, on average; undefined for none. */
  readonly faultMs: number | undefined
  /** Shares of the awaits at the store that take time, and of transactions that it has run again. */
  readonly slowShare: number
  readonly againShare: number
}

/** How long work goes on after the last trouble. */
const calmMs = 1500
/** A pause long enough for every ping, backoff, acknowledgement and receipt to have done its work. */
const restMs = 14_000

const names = ['ann', 'bob', 'cid', 'dee', 'eve', 'fay', 'gus', 'hal']
const devices = ['phone', 'laptop', 'tablet'] as const
const generous = { perSecond: 100_000, burst: 100_000 }

const climates = ['calm', 'rough', 'rough', 'rough', 'rough', 'stormy', 'stormy', 'stormy', 'stormy', 'flood'] as const

export function planOf(seed: number, random: Random, wanted?: ChatClimate): ChatPlan {
  const climate = wanted ?? pick(random, climates)
  // By the number of the seed, so that the others stayed as they were when apps came.
  const apps = seed % 4 === 0 || seed % 4 === 3
  const users = names.slice(0, between(random, 3, 7))
  return {
    climate,
    apps,
    users,
    devices: Object.fromEntries(
      users.map((user, index) => {
        const own: string[] = devices.slice(0, pick(random, [1, 1, 1, 2, 2, 3]))
        return [user, apps && index % 2 === seed % 2 ? [...own.slice(1), 'app'] : own]
      }),
    ),
    bounds: {
      ...chatDefaults,
      membersMax: between(random, 4, 6),
      messageRate: climate !== 'flood' && random.next() < 0.2 ? { perSecond: 4, burst: 8 } : generous,
      commandRate: generous,
      conversationsPerDay: 1000,
      // In some runs reactions and changes of groups are put off as well.
      entryRate: seed % 5 === 0 ? { perSecond: 8, burst: 12 } : generous,
    },
    busyMs: between(random, 5, 9) * 1000,
    ...{ calmMs, restMs },
    actMs: between(random, 40, 160),
    faultMs: climate === 'calm' ? undefined : between(random, 300, climate === 'stormy' ? 900 : 2000),
    slowShare: pick(random, [0, 0.01, 0.05]),
    againShare: pick(random, [0, 0, 0.05]),
  }
}
