import type { ServiceHost } from '../../../src/service.ts'
import { withParts } from '../../cluster/with-parts.ts'
import type { Mutant } from '../../core/workload.ts'
import type { Breakage } from './disk.ts'
import type { ChatClimate } from './plan.ts'

/** A service that is broken on purpose, where it meets its store or its clients: the checks must notice. */
export interface ChatMutant extends Breakage, Mutant {
  /** Runs of this kind show it, where others seldom do. */
  readonly climate?: ChatClimate
  /** Whether windows of a backlog are sent, or only taken for sent. */
  readonly pushes: boolean
  /** What a command is taken for. */
  hear(method: string, input: object): object
}

const intact: Omit<ChatMutant, 'name'> = { rewrite: text => text, hurries: false, pushes: true, hear: (_, input) => input }

export const honest: ChatMutant = { ...intact, name: 'nothing' }

/** One that says something else to its store. */
function saying(
  name: string,
  climate: ChatClimate | undefined,
  ...changes: readonly (readonly [from: string | RegExp, to: string])[]
): ChatMutant {
  const known = new Map<string, string>()
  const rewrite = (text: string) => {
    let other = known.get(text)
    if (other === undefined) {
      other = changes.reduce((said, [from, to]) => said.replace(from, to), text)
      known.set(text, other)
    }
    return other
  }
  return { ...intact, name, rewrite, ...(climate === undefined ? {} : { climate }) }
}

const newest = 2 ** 31 - 1

export const chatMutants: readonly ChatMutant[] = [
  { ...intact, name: 'delivers and answers before it has committed', hurries: true, climate: 'stormy' },
  saying(
    'forgets which sends it has answered',
    undefined,
    ['from chat_sent where', 'from chat_sent where 1 = 0 and'],
    ['insert into chat_sent', 'insert or replace into chat_sent'],
  ),
  {
    ...intact,
    name: 'takes an acknowledgement for one of everything',
    hear: (method, input) => (method === 'chat.ack' ? { ...input, offset: newest } : input),
  },
  { ...intact, name: 'loses the windows of a backlog and takes them for sent', pushes: false, climate: 'flood' },
  saying('goes on counting what was deleted', undefined, [
    /(update chat_member set unread = unread) - 1(\s+where conversation = \?1 and read_to)/,
    '$1$2',
  ]),
  saying('does not count what is unread', undefined, ['counted = counted + ?3', 'counted = counted + 0 * ?3']),
  saying('tells those who were removed what comes after', undefined, [
    'update chat_stay set to_seq = ?3 where',
    'update chat_stay set to_seq = ?3 + 1000000 where',
  ]),
  saying('gives somebody who comes what was said just before', 'stormy', [
    'insert into chat_stay (conversation, person, from_seq, to_seq) values (?1, ?2, ?3, null)',
    'insert into chat_stay (conversation, person, from_seq, to_seq) values (?1, ?2, case when ?3 > 1 then ?3 - 1 else ?3 end, null)',
  ]),
  saying('lets a watermark fall', undefined, [' and chat_member.delivered_to < n.seq', '']),
  saying('takes whatever was delivered for read', undefined, [
    'set delivered_to = n.seq, receipt_due = 1',
    'set delivered_to = n.seq, read_to = n.seq, receipt_due = 1',
  ]),
  saying('forgets after a crash whom it owes receipts', 'stormy', [
    'select distinct conversation from chat_member where receipt_due = 1',
    'select distinct conversation from chat_member where receipt_due = 2',
  ]),
]

/** Lets in more than there is room for, since it overlooks some of those who are there. */
export const crowded = saying('overlooks some of the members', undefined, [
  /^(select person from chat_member where conversation = \?1 and active = 1 order by person)$/,
  '$1 limit 3',
])

/** The server as a broken service has it. */
export function mutated(server: ServiceHost, { hear, pushes }: ChatMutant): ServiceHost {
  return withParts(server, {
    command: (name, schema, run, options) =>
      server.command(name, schema, (input, context) => run(hear(name, Object(input)) as typeof input, context), options),
    push: async (client, channel, publications) => (pushes ? server.push(client, channel, publications) : true),
  })
}
