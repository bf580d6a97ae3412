import { expect, test } from 'bun:test'
import { between, type Random, seededRandom } from '../../src/kit/index.ts'
import { serveChat } from './chat-pair.ts'
import { ChatPerson } from './chat-person.ts'

const steps = 250

test.each([1, 2, 3])(
  '[M1, M8, M40, M43] whatever devices do on bad lines, all end with the same conversation, and each message is there once (seed %i)',
  async seed => {
    const random = seededRandom(seed)
    const server = await serveChat()
    const people: ChatPerson[] = []
    for (const [user, device] of [
      ['ann', 'phone'],
      ['ann', 'laptop'],
      ['bob', 'phone'],
      ['cem', 'phone'],
    ] as const)
      people.push(await ChatPerson.start(server, user, { device }))
    const [ann] = people
    if (ann === undefined) throw new Error('nobody is there')
    const { id } = await ann.client.group('A group', ['bob', 'cem'])
    for (const person of people) await person.has(id)
    const written = new Set<string>()
    for (let step = 0; step < steps; step++) {
      const index = between(random, 0, people.length - 1)
      const person = people[index]
      if (person === undefined) continue
      const again = await act(person, id, random, text => written.add(text), server)
      if (again !== undefined) people[index] = again
      if (random.next() < 0.3) await Bun.sleep(between(random, 0, 20))
    }
    for (const { line } of people) line.up()
    const witness = await ChatPerson.start(server, 'ann', { device: 'witness' })
    for (const person of people)
      await person.sees('that all is sent', () => person.client.link === 'live' && !person.states(id).includes('waiting'))
    witness.client.open(id)
    while (witness.client.hasBefore(id)) await witness.client.loadBefore(id)
    expect(witness.messages(id)).toHaveLength(written.size)
    const kept = witness.messages(id).flatMap(({ text, deleted }) => (deleted ? [] : [text ?? '']))
    expect(new Set(kept).size).toBe(kept.length)
    expect(kept.filter(text => !written.has(text))).toEqual([])
    for (const person of people) {
      person.client.open(id)
      await person.sees('what the witness sees', () => JSON.stringify(shown(person, id)) === JSON.stringify(shown(witness, id)))
    }
    const [phone, laptop, bob] = people
    await witness.sees('one number of unread messages', () =>
      [phone, laptop].every(person => person?.view(id).unread === witness.view(id).unread),
    )
    bob?.client.read(id, bob.view(id).seq)
    expect(bob?.view(id).unread).toBe(0)
  },
)

/** Something that a user or a network does. @returns the device as it is after a reload */
async function act(
  person: ChatPerson,
  id: string,
  random: Random,
  wrote: (text: string) => void,
  server: { readonly url: string },
): Promise<ChatPerson | undefined> {
  const { client, line } = person
  const sent = person.messages(id).filter(({ seq }) => seq !== undefined)
  const target = sent[between(random, 0, Math.max(0, sent.length - 1))]
  const dice = random.next()
  if (dice < 0.5) {
    const text = `${client.user} ${client.options.device} ${between(random, 0, 1_000_000_000)}`
    wrote(text)
    client.send(id, { text })
  } else if (dice < 0.6) line.cut()
  else if (dice < 0.68) line.down()
  else if (dice < 0.8) line.up()
  else if (dice < 0.83) line.losesAnswerTo = 'chat.send'
  else if (dice < 0.86) return person.reload(server)
  else if (target?.seq === undefined) return undefined
  // The network may fail these; nobody repeats them.
  else if (dice < 0.92) void client.react(id, target.seq, ['👍', '❤️', ''][between(random, 0, 2)] ?? '').catch(() => undefined)
  else if (dice < 0.96) client.read(id, target.seq)
  else if (target.mine && dice > 0.985) void client.erase(id, target.seq, 'everyone').catch(() => undefined)
  else if (target.mine) void client.edit(id, target.seq, `${target.text}`).catch(() => undefined)
  return undefined
}

function shown(person: ChatPerson, id: string) {
  return person.messages(id).map(({ seq, text, rev, author, reactions, mine, deleted }) => {
    const counts = reactions.map(({ emoji, count }) => `${emoji} ${count}`).toSorted()
    return [seq, author, text, rev, deleted, counts, mine === (author === person.client.user)]
  })
}
