import { z } from 'zod'
import { type Json, type JsonBounds, jsonProblem } from '../kit/index.ts'
import { channelNameMax, isChannelName } from './channel-name.ts'
import { filterNodeSchema } from './filter-node.ts'

const channel = z.string().max(channelNameMax).refine(isChannelName, 'not a channel name')
const offset = z.int().min(0)
const epoch = z.string().max(64)
/** Characters of a token, also where a header carries it. */
const tokenMax = 8192
const token = z.string().max(tokenMax)
/** Map subscriptions, shared polls and what else has a number of its own. */
const kind = z.int().min(0)
const json = z.unknown().transform(value => value as Json)

const recovery = { recover: z.boolean().optional(), epoch: epoch.optional(), offset: offset.optional() }
const since = z.object({ offset: offset.optional(), epoch: epoch.optional() })

/** A bit in the `flag` of a subscribe. Other bits, as numbers in place of channel names (1), are offers, and ignored. */
export const subscribeFlags = {
  /** Error 112 in place of `recovered: false`, for who then loads the state by other means. */
  rejectUnrecovered: 2,
} as const

/** The commands of the client protocol, each with the shape of its parameters. Unknown fields are ignored, as newer SDKs send them. */
export const commandSchemas = {
  connect: z.object({
    token: token.optional(),
    data: json.optional(),
    subs: z.record(channel, z.object(recovery)).optional(),
    name: z.string().max(64).optional(),
    version: z.string().max(64).optional(),
    headers: z.record(z.string().max(128), z.string().max(tokenMax)).optional(),
  }),
  subscribe: z.object({
    channel,
    token: token.optional(),
    data: json.optional(),
    positioned: z.boolean().optional(),
    recoverable: z.boolean().optional(),
    join_leave: z.boolean().optional(),
    delta: z.string().max(16).optional(),
    tf: filterNodeSchema.optional(),
    /** Bits; see `subscribeFlags`. */
    flag: z.number().optional(),
    /** 0 for what a channel is here. Centrifugo has others, which are not. */
    type: kind.optional(),
    ...recovery,
  }),
  unsubscribe: z.object({ channel }),
  publish: z.object({
    channel,
    data: json,
    key: z.string().max(255).optional(),
    lane: z.string().max(64).optional(),
    type: kind.optional(),
  }),
  presence: z.object({ channel }),
  presence_stats: z.object({ channel }),
  history: z.object({ channel, limit: z.int().optional(), since: since.optional(), reverse: z.boolean().optional() }),
  rpc: z.object({ method: z.string().max(128).default(''), data: json.optional() }),
  send: z.object({ data: json.optional() }),
  refresh: z.object({ token }),
  sub_refresh: z.object({ channel, token, type: kind.optional() }),
  ping: z.object({}),
} as const

export type Method = keyof typeof commandSchemas
export type Params<M extends Method> = z.output<(typeof commandSchemas)[M]>

/** One command with its checked parameters. `id` is 0 where no answer is wanted. */
export type Command = { [M in Method]: { readonly id: number; readonly method: M; readonly params: Params<M> } }[Method]

/** One parsed line of a frame. */
export type Incoming =
  | { readonly kind: 'command'; readonly command: Command }
  | { readonly kind: 'pong' }
  | { readonly kind: 'unknown-method'; readonly id: number }
  | { readonly kind: 'malformed'; readonly id: number; readonly detail: string }

const methods = Object.keys(commandSchemas) as Method[]

/** Reads one line of a frame. Never throws: what is wrong is said with its path. */
export function decodeCommand(line: string, bounds: JsonBounds): Incoming {
  let value: Json
  try {
    value = JSON.parse(line)
  } catch {
    return { kind: 'malformed', id: 0, detail: 'not valid JSON' }
  }
  return commandOf(value, bounds)
}

/** Reads what was decoded from a frame, in whichever form it came. */
export function commandOf(value: Json, bounds: JsonBounds): Incoming {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { kind: 'malformed', id: 0, detail: 'not an object' }
  const id: Json | undefined = Reflect.get(value, 'id') ?? 0
  if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0 || id > 0xffffffff)
    return { kind: 'malformed', id: 0, detail: 'id: not an unsigned 32-bit integer' }
  // The id is read before anything else is judged, so that the caller is answered and does not wait in vain.
  const problem = jsonProblem(value, bounds)
  if (problem !== undefined) return { kind: 'malformed', id, detail: problem.message }
  const method = methods.find(name => Object.hasOwn(value, name))
  if (method === undefined) return id === 0 && Object.keys(value).length === 0 ? { kind: 'pong' } : { kind: 'unknown-method', id }
  if (id === 0 && method !== 'send') return { kind: 'malformed', id: 0, detail: 'id: missing' }
  const parsed = parse(commandSchemas[method], Reflect.get(value, method))
  if (!parsed.success) return { kind: 'malformed', id, detail: describeIssue(parsed.error, method) }
  return { kind: 'command', command: { id, method, params: parsed.data } as Command }
}

/** `null` counts as absent, as in Centrifugo. Few send it, so that it is looked for only in what does not fit otherwise. */
function parse<S extends z.ZodType>(schema: S, params: Json) {
  const parsed = schema.safeParse(params)
  return parsed.success ? parsed : schema.safeParse(withoutNulls(params))
}

/** In `data`, a `null` is the client's own. */
function withoutNulls(value: Json): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const kept = Object.entries(value).filter(([name, field]) => field !== null || name === 'data')
  return Object.fromEntries(kept.map(([name, field]) => [name, name === 'data' || field === undefined ? field : withoutNulls(field)]))
}

/** The first problem of a schema error as `path: reason`. */
export function describeIssue(error: z.ZodError, root = ''): string {
  const issue = error.issues[0]
  if (issue === undefined) return root
  const path = issue.path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`),
    root,
  )
  return path === '' ? issue.message : `${path}: ${issue.message}`
}
