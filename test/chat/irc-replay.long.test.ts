import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom } from '../../src/kit/index.ts'
import { chatWith } from '../../src/services/chat/index.ts'
import { openSql } from '../../src/store/index.ts'
import { atEnd, testServer } from '../kit/api.ts'
import { rounds } from '../kit/index.ts'
import { IrcDay } from './irc-day.ts'
import { readIrcAnswers, readIrcLog } from './irc-log.ts'
import { scriptOf } from './irc-script.ts'

const folder = join(import.meta.dir, '../../../shared/data/chat')

/** Says that the test goes without the recordings, and counts it. */
function lacksData(what: string): boolean {
  if (existsSync(folder)) return false
  console.log(`SKIP (no shared data): ${what}`)
  return true
}

/** How many of the recorded days are played, the shortest first. */
const daysMax = rounds(2, Number.MAX_SAFE_INTEGER)
/** Days that are played at the same time, and the longest pause of a day that is waited for, in minutes of the log. */
const lanes = 5
const idleMinutes = 1

const plenty = { perSecond: 100_000, burst: 100_000 }

function daysOf(wsUrl: string): IrcDay[] {
  const names = readdirSync(folder).flatMap(name => (name.endsWith('.raw.txt') ? [name.replace('.raw.txt', '')] : []))
  return names.sort().map((name, index) => {
    const read = (kind: string) => readFileSync(join(folder, `${name}.${kind}.txt`), 'utf8')
    return new IrcDay(wsUrl, name, scriptOf(readIrcLog(read('raw')), readIrcAnswers(read('annotation'))), seededRandom(index + 1))
  })
}

describe.skipIf(lacksData('recorded days of a channel, replayed'))('recorded days', () => {
  test('[M3, M5, M15, M22] replayed at 1,000 times their speed: every member has exactly the messages of their membership, in order', async () => {
    const bounds = { membersMax: 1024, messageRate: plenty, commandRate: plenty, entryRate: plenty, peoplePerDay: 1_000_000 }
    const server = await testServer({}, { services: [chatWith({ openSql: () => openSql('sqlite::memory:'), bounds })] })
    const days = daysOf(server.wsUrl)
      .toSorted((a, b) => a.steps.length - b.steps.length)
      .slice(0, daysMax)
    atEnd(() => {
      for (const day of days) day.close()
    })
    // The longest first, so that none is left alone at the end.
    const waiting = days.toSorted((a, b) => minutesOf(b) - minutesOf(a))
    await Promise.all(
      Array.from({ length: lanes }, async () => {
        for (let day = waiting.shift(); day !== undefined; day = waiting.shift()) {
          await day.play(idleMinutes)
          await day.settle()
          expect(day.faults).toEqual([])
          const lines = [...day.expected].sort(([a], [b]) => a - b)
          expect([...day.seen].sort(([a], [b]) => a - b)).toEqual(lines)
          expect(await day.history()).toEqual(lines)
          day.close()
        }
      }),
    )
    report(days)
  })
})

function minutesOf({ steps }: IrcDay): number {
  return (steps.at(-1)?.minute ?? 0) - (steps[0]?.minute ?? 0)
}

function report(days: readonly IrcDay[]): void {
  const sum = (count: keyof IrcDay['counts']) => days.reduce((total, { counts }) => total + counts[count], 0)
  const users = days.reduce((total, { actors }) => total + actors.size, 0)
  const delays = Float64Array.from(days.flatMap(day => day.delays)).sort()
  const at = (share: number) => (delays[Math.floor(delays.length * share)] ?? 0).toFixed(1)
  const repeated = days.reduce((total, { actors }) => total + [...actors.values()].reduce((all, { device }) => all + device.repeated, 0), 0)
  console.log(
    `IRC: ${days.length} days (pauses beyond ${idleMinutes} min left out), ${users} users (at most ${Math.max(...days.map(({ counts }) => counts.members))} in a group), ` +
      `${sum('messages')} messages, ${sum('replies')} replies (${sum('blind')} to what their author did not see), ${sum('deliveries')} deliveries, ` +
      `p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1 - 1e-9)} ms; ${sum('cuts')} cuts, ${sum('sleepers')} devices switched off, ` +
      `${sum('retries')} sends again, ${repeated} entries again`,
  )
}
