import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { defineService } from '../services/index.ts'
import { OptionSet, option, resolveConfig } from './index.ts'

const poll = defineService({
  name: 'poll',
  options: z.object({
    choices: z.number().int().min(2).max(20).default(4).describe('Choices of one poll.'),
    closing: option.duration('How long a poll is open.', '1h'),
    words: z.array(z.string()).default([]).describe('Words that no choice has.'),
    votes: z.object({ rate: z.number().default(5).describe('Votes a second.') }).prefault({}),
    anonymous: z.boolean().default(false).describe('Lets strangers vote.'),
  }),
  check({ choices, votes }, complain) {
    if (votes.rate > choices * 100) complain('poll.votes.rate', 'must be at most 100 x poll.choices', ['poll.choices'])
  },
  start() {},
})
const raffle = defineService({
  name: 'raffle',
  options: z.object({
    prize: z.string(),
    house: option.group({ key: option.secretText('Key of the house.', 'none', 'shown') }).prefault({}),
  }),
  atTop: ['house'],
  start() {},
})
const options = new OptionSet([poll, raffle])
const secured = { client: { token: { hmac_secret_key: 'k'.repeat(32) } } }

function problemsOf(file: object): readonly string[] {
  const resolution = resolveConfig({ file, options })
  return resolution.ok ? [] : resolution.problems
}

function configOf(sources: Omit<Parameters<typeof resolveConfig>[0], 'options'>) {
  const resolution = resolveConfig({ ...sources, options })
  if (!resolution.ok) throw new Error(resolution.problems.join('\n'))
  return resolution.config
}

describe('options of services', () => {
  test('[A113] stand under the name of their service in files, flags and variables, in plain zod or with a unit', () => {
    const file = { services: ['poll'], poll: { choices: 3, votes: { rate: 7 } } }
    const env = { FANFARE_POLL_CLOSING: '90s', FANFARE_POLL_ANONYMOUS: 'on' }
    const { serviceOptions } = configOf({ file, env, flags: { 'poll.choices': '6', 'poll.words': 'a, b' } })
    expect(serviceOptions.poll).toEqual({ choices: 6, closing: 90_000, words: ['a', 'b'], votes: { rate: 7 }, anonymous: true })
  })

  test('[A113] are listed with type, default, variable and meaning', () => {
    const shown = options.all.filter(({ path }) => path.startsWith('poll.')).map(({ read, ...rest }) => rest)
    expect(shown).toMatchObject([
      { path: 'poll.choices', type: 'integer', preset: '4', variable: 'FANFARE_POLL_CHOICES', meaning: 'Choices of one poll.' },
      { path: 'poll.closing', type: 'duration', preset: '1h', variable: 'FANFARE_POLL_CLOSING' },
      { path: 'poll.words', type: 'list', preset: '[]', meaning: 'Words that no choice has.' },
      { path: 'poll.votes.rate', type: 'number', preset: '5' },
      { path: 'poll.anonymous', type: 'true | false', preset: 'false' },
    ])
  })

  test('[A113] are refused with their paths, beside what else is wrong, and so is what does not go together', () => {
    const only = { services: ['poll'] }
    expect(problemsOf({ ...only, port: 'x', poll: { choices: 1, choises: 2 } }).map(line => line.split(':')[0])).toEqual([
      'port',
      'poll.choices',
      'poll.choises',
    ])
    expect(problemsOf({ ...only, poll: { choises: 2 } })).toEqual(['poll.choises: unknown key, did you mean "choices"?'])
    expect(problemsOf({ ...only, poll: { votes: { rate: 500 } } })).toEqual(['poll.votes.rate: must be at most 100 x poll.choices'])
    expect(problemsOf({ ...only, pol: {} })).toEqual([expect.stringContaining('pol: unknown key')])
    expect(problemsOf({ ...only, poll: 5 })).toEqual(['poll: expected an object, got 5'])
  })

  test('[A113] what one requires is asked for only where it runs', () => {
    expect(problemsOf({ services: ['poll'] })).toEqual([])
    expect(problemsOf({})).toEqual([expect.stringMatching(/^raffle\.prize: /)])
    expect(configOf({ file: { raffle: { prize: 'a car' } } }).serviceOptions.raffle).toEqual({ prize: 'a car', house: {} })
  })

  test('[A113] some may stand at the top; a secret among them that can be guessed is refused', () => {
    const raffled = { ...secured, raffle: { prize: 'a car' } }
    expect(configOf({ file: { ...raffled, house: { key: 'k'.repeat(16) } } }).serviceOptions.raffle).toMatchObject({
      house: { key: 'k'.repeat(16) },
    })
    expect(problemsOf({ ...raffled, house: { key: 'short' } })).toEqual([
      expect.stringContaining('house.key: expected at least 8 bytes, got 5'),
    ])
  })

  test('[A113] no two services have options under one name, and none has those of the server', () => {
    expect(() => new OptionSet([poll, poll])).toThrow('"poll"')
    expect(() => new OptionSet([defineService({ name: 'client', start() {} })])).toThrow('"client"')
    expect(() => defineService({ name: 'Poll-1', start() {} })).toThrow('name: expected lower case letters')
  })
})

describe('services', () => {
  test('[A114] says which run; without it all do', () => {
    const raffled = { raffle: { prize: 'a car' } }
    expect(configOf({ file: raffled }).services).toEqual(['poll', 'raffle'])
    expect(configOf({ file: { ...raffled, services: ['raffle'] } }).services).toEqual(['raffle'])
    expect(configOf({ flags: { services: 'poll' } }).services).toEqual(['poll'])
    expect(configOf({ file: { services: [] } }).services).toEqual([])
  })

  test('[A114] a name that is none is refused with its path, and with the one that was meant or those that there are', () => {
    expect(problemsOf({ services: ['poll', 'rafle'] })).toEqual(['services[1]: unknown service "rafle", did you mean "raffle"?'])
    expect(problemsOf({ services: ['chess'] })).toEqual(['services[0]: unknown service "chess", there is "poll" and "raffle"'])
    const none = resolveConfig({ file: { services: ['poll'] } })
    expect(none.ok ? [] : none.problems).toEqual(['services[0]: unknown service "poll", this server has none'])
  })

  test('[A114] options of one that does not run are said to do nothing', () => {
    const { warnings } = configOf({ file: { ...secured, services: ['poll'], house: {}, raffle: { prize: 'a car' } } })
    expect(warnings).toEqual(['raffle: does nothing, since services leaves it out', 'house: does nothing, since services leaves it out'])
  })
})

describe('demo', () => {
  test('[A115] runs in development mode unless it is off, and never outside of it', () => {
    const services = ['poll']
    expect(configOf({ file: { services } }).demo.enabled).toBe(true)
    expect(configOf({ file: { services, demo: 'off' } }).demo.enabled).toBe(false)
    expect(configOf({ file: { services, ...secured } })).toMatchObject({ demo: { enabled: false }, warnings: [] })
    const asked = configOf({ file: { services, ...secured, demo: 'on' } })
    expect(asked).toMatchObject({ demo: { enabled: false }, warnings: ['demo: does nothing outside of development mode'] })
  })
})
