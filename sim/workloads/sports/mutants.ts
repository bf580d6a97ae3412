import type { AccessRequest, Grant } from '../../../src/hub/index.ts'
import type { Json } from '../../../src/kit/index.ts'
import type { ServiceHost } from '../../../src/service.ts'
import type { RewriteSql } from '../../cluster/rows-line.ts'
import { withParts } from '../../cluster/with-parts.ts'
import type { Mutant } from '../../core/workload.ts'

/** A service that is broken on purpose, where it meets its server. */
export interface SportsMutant extends Mutant {
  /** The parts of the server that it has instead. */
  broken(server: ServiceHost): Partial<ServiceHost>
  /** Another statement in place of one of the service's. */
  readonly rewrite: RewriteSql
}

export const honest: SportsMutant = { name: 'nothing', broken: () => ({}), rewrite: text => text }

const every = 5

/** One that publishes otherwise: called with the number of what is published, from 1. */
function publishing(name: string, isMeant: (lane: string | undefined) => boolean, times: (count: number) => number): SportsMutant {
  return {
    ...honest,
    name,
    broken(server) {
      let count = 0
      const publish: ServiceHost['publish'] = async (channel, data, options) => {
        let position = { epoch: '', offset: 0 }
        const due = isMeant(options?.lane) ? times(++count) : 1
        // What is told twice is told anew.
        const { idempotencyKey: _, ...anew } = options ?? {}
        for (let left = due; left > 0; left--) position = await server.publish(channel, data, left === due ? options : anew)
        return position
      }
      return { publish }
    },
  }
}

const isUrgent = (lane: string | undefined) => lane === undefined

export const sportsMutants: readonly SportsMutant[] = [
  publishing('loses every fifth urgent message', isUrgent, count => (count % every === 0 ? 0 : 1)),
  { ...publishing('tells every fifth urgent message twice', isUrgent, count => (count % every === 0 ? 2 : 1)), topology: 'single' },
  publishing(
    'never tells figures and boards',
    lane => lane === 'stats',
    () => 0,
  ),
  {
    ...honest,
    name: 'does not hear of deletions',
    broken: server => ({ readTrusted: async request => withoutDeletions(await server.readTrusted(request)) }),
  },
  {
    ...honest,
    name: 'gives newcomers the state that the first of them got',
    broken(server) {
      const first = new Map<string, Grant>()
      const authorize: ServiceHost['authorize'] = (namespace, authorizer, options) =>
        server.authorize(namespace, async request => remembered(first, request, await authorizer(request)), options)
      return { authorize }
    },
  },
  {
    ...honest,
    name: 'takes games over without their events',
    topology: 'fleet',
    rewrite: text =>
      text.replace('from sports_event where game = ?1 and change > ?2', 'from sports_event where game = ?1 and change > ?2 and 1 = 0'),
  },
  {
    ...honest,
    name: 'takes games over without what feeds have said',
    topology: 'fleet',
    rewrite: text => text.replace('from sports_word where game = ?1', 'from sports_word where game = ?1 and 1 = 0'),
  },
]

function withoutDeletions(body: Json): Json {
  if (typeof body !== 'object' || body === null || !('events' in body) || !Array.isArray(body.events)) return body
  return { ...body, events: body.events.filter(event => Object(event).state !== 'deleted') }
}

function remembered(first: Map<string, Grant>, { channel }: AccessRequest, grant: boolean | Grant): boolean | Grant {
  if (typeof grant === 'boolean') return grant
  const known = first.get(channel)
  if (known !== undefined) return known
  const { data } = grant
  const kept = { ...grant, data: typeof data === 'function' ? data() : data }
  first.set(channel, kept)
  return kept
}

/** The server as a broken service has it. */
export function mutated(server: ServiceHost, { broken }: SportsMutant): ServiceHost {
  return withParts(server, broken(server))
}
