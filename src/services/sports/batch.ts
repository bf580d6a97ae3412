import { z } from 'zod'
import type { Json } from '../../kit/index.ts'
import { CommandError, describeIssue, errors } from '../../protocol/index.ts'
import { limits } from './limits.ts'
import { deletionSchema, fedEventSchema, fedGameSchema, type Game, gameOf, idSchema, type MatchEvent } from './model/index.ts'

/** A deletion that says no more than what it deletes. */
export type Deletion = z.output<typeof deletionSchema>
/** One revision as a feed gave it; what has a default is filled in. */
export type Given = MatchEvent | Deletion

/** What one feed says at once. All of it is taken, or nothing. */
export interface Batch {
  readonly source: string
  readonly events: readonly Given[]
}

/** The feed that a batch is from where it does not say so. */
const defaultSource = 'feed'

const frameSchema = z.strictObject({
  source: z.optional(idSchema),
  events: z.array(z.unknown()).max(limits.batchMax),
})

/**
 * Reads the body of `POST /sports/games/<id>/events`: `{source?, events: [...]}`, or the list of events alone.
 * @throws CommandError 107 with the path of the first event that is wrong, as `events[3].clock.min: …`
 */
export function readBatch(game: string, body: Json): Batch {
  const isList = Array.isArray(body)
  const frame = checked(frameSchema, isList ? { events: body } : body, '')
  if (frame.source?.isWellFormed() === false) throw bad('source: expected whole characters')
  const root = isList ? '' : 'events'
  return {
    source: frame.source ?? defaultSource,
    events: frame.events.map((event, index) => readEvent(game, event, `${root}[${index}]`)),
  }
}

function readEvent(game: string, value: unknown, path: string): Given {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(`${path}: expected an object`)
  const { match, ...event }: { readonly match?: unknown; readonly state?: unknown; readonly kind?: unknown } = value
  if (match !== undefined && match !== game) throw bad(`${path}.match: expected "${game}", the game of the address`)
  const isDeletion = event.state === 'deleted' && event.kind === undefined
  return keepable(isDeletion ? checked(deletionSchema, event, path) : checked(fedEventSchema, event, path), path)
}

/** Half a character would be kept as another one, so that two ids became one; and a revision must leave room for the next. */
function keepable(given: Given, path: string): Given {
  if (!given.id.isWellFormed()) throw bad(`${path}.id: expected whole characters`)
  if ('ref' in given && given.ref?.isWellFormed() === false) throw bad(`${path}.ref: expected whole characters`)
  if (given.rev > limits.revMax) throw bad(`${path}.rev: expected at most ${limits.revMax}`)
  return given
}

/** Reads the body of `PUT /sports/games/<id>`. @throws CommandError 107 with the path of what is wrong */
export function readGame(id: string, body: Json): Game {
  return gameOf(id, checked(fedGameSchema, body, ''))
}

function checked<T extends z.core.$ZodType>(schema: T, value: unknown, path: string): z.output<T> {
  const parsed = z.safeParse(schema, value)
  if (!parsed.success) throw bad(describeIssue(parsed.error, path))
  return parsed.data
}

function bad(reason: string): CommandError {
  return new CommandError(errors.badRequest, reason)
}
