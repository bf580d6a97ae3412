import { CommandError, defineNamespace, defineService } from 'fanfare/service'
import { z } from 'zod'

const votesNamespace = defineNamespace({
  name: 'poll',
  historySize: 100,
  historyTtlMs: 3_600_000,
  presence: true,
  joinLeave: true,
  allowPresenceForSubscriber: true,
})

/** One question, and what everybody answers: a vote is stored, and shown at once to everyone who watches. */
export const poll = defineService({
  name: 'poll',
  options: z.object({
    question: z.string().default('Tea or coffee?').describe('The question.'),
    choices: z.array(z.string()).min(2).default(['tea', 'coffee']).describe('The answers to choose from.'),
  }),
  namespaces: [votesNamespace],
  migrations: ['create table poll_vote (voter text primary key, choice text not null)'],
  pages: { '/poll': new URL('./poll.html', import.meta.url) },
  nav: 'Poll',
  about: 'One question, and what everybody answers.',
  start(host, { question, choices }) {
    const { sql } = host.store
    const rate = host.rate({ perSecond: 1, burst: 5 })
    const counts = async () => {
      const rows = await sql.all<{ choice: string; votes: number }>(
        'select choice, cast(count(*) as integer) as votes from poll_vote group by choice',
      )
      return Object.fromEntries(rows.map(({ choice, votes }) => [choice, votes]))
    }

    host.authorize('poll', ({ action }) => action !== 'publish', { anonymous: true })
    host.command('poll.show', z.object({}), async () => ({ question, choices, counts: await counts() }), { anonymous: true })
    host.command('poll.vote', z.object({ choice: z.string() }), async ({ choice }, { user }) => {
      rate.spend(user)
      if (!choices.includes(choice)) throw new CommandError({ code: 404, message: 'choice_unknown' }, `there is no choice "${choice}"`)
      await sql.run(
        'insert into poll_vote (voter, choice) values (?1, ?2) on conflict (voter) do update set choice = excluded.choice',
        user,
        choice,
      )
      const voted = { choice, counts: await counts() }
      await host.publish('poll:votes', voted)
      return voted
    })
  },
})
