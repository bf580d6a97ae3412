import { countingGoals, isLive } from '../src/services/sports/model/index.ts'
import type { StreamBook } from './book.ts'
import type { Received } from './clients/chat-user.ts'
import { type Crowd, keptChannels, roomChannel } from './crowd.ts'

/** Something that must be true at the end of a run. */
export interface Check {
  readonly id: string
  readonly says: string
  /** What is against it; nothing where it holds. */
  readonly against: readonly string[]
}

/** What the nodes say when all is over. */
export interface Outcome {
  /** What each node says of who is in the room, as users. */
  readonly presence: Readonly<Record<string, readonly string[]>>
  /** All of the conversation, as the server has it. */
  readonly history: readonly Received[]
  /** Nodes that ended without having been told to. */
  readonly endedByThemselves: readonly string[]
  /** What nodes did that they must not, seen while something went wrong. */
  readonly seen: Readonly<Partial<Record<string, readonly string[]>>>
}

const shown = 5

export function checksOf(crowd: Crowd, outcome: Outcome): Check[] {
  return [
    ...keptChannels.map(channel => streamCheck(crowd, channel)),
    roomCheck(crowd),
    ...(crowd.hasMatch ? [matchCheck(crowd)] : []),
    chatCheck(crowd, outcome.history),
    orderCheck(crowd, outcome.history),
    presenceCheck(crowd, outcome),
    { id: 'R4', says: 'no node ended by itself, whatever strangers sent', against: outcome.endedByThemselves },
    {
      id: 'R5',
      says: 'every client is back',
      against: crowd.clients.flatMap(({ name, isConnected }) => (isConnected ? [] : [`${name} is not`])),
    },
    belowCheck(crowd),
    { id: 'R8', says: 'a node that is cut off Kafka says that it is not ready', against: outcome.seen.R8 ?? [] },
    { id: 'R7', says: 'a node that is cut off Postgres owns nothing while others do', against: outcome.seen.R7 ?? [] },
    refusalCheck(crowd),
  ].map(({ against, ...check }) => ({ ...check, against: brief(against) }))
}

function streamCheck({ publishers, streamBooks }: Crowd, channel: string): Check {
  const acknowledged = publishers.find(publisher => publisher.channel === channel)?.acknowledged ?? []
  const against = streamBooks
    .filter(book => book.channel === channel)
    .flatMap(book => [...missing(book, acknowledged), ...repeats(book), ...outOfOrder(book, acknowledged)])
  return {
    id: 'R1',
    says: `${channel}: every viewer has every acknowledged publication, once and in order (${acknowledged.length})`,
    against,
  }
}

function roomCheck({ talkers, streamBooks }: Crowd): Check {
  const acknowledged = talkers.flatMap(talker => talker.acknowledged)
  const books = streamBooks.filter(({ channel }) => channel === roomChannel)
  const [first] = books
  const differing = books.flatMap(({ owner, ids }) =>
    first !== undefined && !Bun.deepEquals(ids, first.ids) ? [`${owner} has another order than ${first.owner}`] : [],
  )
  const against = [...books.flatMap(book => [...missing(book, acknowledged), ...repeats(book)]), ...differing]
  return {
    id: 'R1',
    says: `${roomChannel}: all viewers have the same publications of clients in the same order (${acknowledged.length})`,
    against,
  }
}

function matchCheck({ feed, matchBooks }: Crowd): Check {
  const { script } = feed
  const goals = script.standing('goal')
  const against = matchBooks.flatMap(({ owner, view, faults }) => {
    const has = new Set(view?.events.filter(isLive).map(({ id }) => id))
    const lacks = ['goal', 'card'].flatMap(kind => script.standing(kind === 'goal' ? 'goal' : 'card')).filter(id => !has.has(id))
    const counted = view === undefined ? 'nothing' : JSON.stringify(view.board.score)
    const score = counted === JSON.stringify(script.score) ? [] : [`${owner} shows ${counted}, it is ${JSON.stringify(script.score)}`]
    const extra = view === undefined ? [] : countingGoals(view.events).filter(({ id }) => !goals.includes(id))
    return [...faults, ...score, ...lacks.map(id => `${owner} lacks ${id}`), ...extra.map(({ id }) => `${owner} counts ${id}`)]
  })
  return {
    id: 'sports',
    says: `every viewer has every key event and the score (${feed.batches} batches)`,
    against: [...feed.faults, ...against],
  }
}

/** What was acknowledged is there, in every member's book and in the history. */
function chatCheck({ members, conversation }: Crowd, history: readonly Received[]): Check {
  const sent = members.flatMap(member => member.sent)
  const byMid = (received: readonly Received[]) => new Map(received.map(message => [message.mid, message]))
  const inHistory = byMid(history)
  const lost = sent.filter(({ mid, text }) => inHistory.get(mid)?.text !== text).map(({ text }) => `the history lacks "${text}"`)
  const lacking = members.flatMap(member => {
    const has = byMid(member.received(conversation))
    return sent.filter(({ mid }) => !has.has(mid)).map(({ text }) => `${member.name} lacks "${text}"`)
  })
  return {
    id: 'R2',
    says: `every acknowledged message is with every member and in the history (${sent.length})`,
    against: [...lost, ...lacking],
  }
}

/** No message is there twice, and `seq` is dense and the same for all. */
function orderCheck({ members, conversation }: Crowd, history: readonly Received[]): Check {
  const texts = history.map(({ text }) => text)
  const twice = texts.filter((text, index) => texts.indexOf(text) !== index).map(text => `"${text}" is there twice`)
  const seqs = new Map(history.map(({ seq, text }) => [seq, text]))
  const differing = members.flatMap(member =>
    member
      .received(conversation)
      .flatMap(({ seq, text }) =>
        seqs.get(seq) === text ? [] : [`${member.name} has "${text}" at ${seq}, the history "${seqs.get(seq)}"`],
      ),
  )
  return { id: 'R7', says: 'no message has two places, no place has two messages', against: [...twice, ...differing] }
}

function presenceCheck({ viewers, below }: Crowd, { presence }: Outcome): Check {
  const expected = JSON.stringify([...viewers, ...below].map(({ name }) => name).sort())
  const against = Object.entries(presence).flatMap(([node, users]) =>
    JSON.stringify([...users].sort()) === expected ? [] : [`${node} says ${users.join(', ')}`],
  )
  return { id: 'presence', says: `every node says who is in ${roomChannel}, rightly`, against }
}

function belowCheck({ below }: Crowd): Check {
  const against = below
    .filter(({ connections }) => connections !== 1)
    .map(({ name, connections }) => `${name} connected ${connections} times`)
  return { id: 'R6', says: 'nobody below a relay noticed that nodes above it went', against }
}

/** Nobody was sent away for good, or answered what no fault explains. */
function refusalCheck({ clients, publishers }: Crowd): Check {
  const against = [...clients, ...publishers].flatMap(writer =>
    writer.faults.map(fault => `${'name' in writer ? writer.name : writer.channel} ${fault}`),
  )
  return { id: 'R9', says: 'nobody was sent away for good, or refused what is allowed', against }
}

function missing(book: StreamBook, ids: readonly string[]): string[] {
  return ids.filter(id => !book.has(id)).map(id => `${book.owner} lacks ${id}`)
}

function repeats({ owner, repeated }: StreamBook): string[] {
  return repeated.map(id => `${owner} was given ${id} again`)
}

function outOfOrder({ owner, ids }: StreamBook, acknowledged: readonly string[]): string[] {
  const place = new Map(acknowledged.map((id, index) => [id, index]))
  const places = ids.flatMap(id => place.get(id) ?? [])
  return places.flatMap((at, index) => (index > 0 && at < (places[index - 1] ?? 0) ? [`${owner} was given ${acknowledged[at]} late`] : []))
}

function brief(against: readonly string[]): string[] {
  return against.length <= shown ? [...against] : [...against.slice(0, shown), `and ${against.length - shown} more`]
}
