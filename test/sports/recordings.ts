import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { isDataFactory, officialScoreOf } from '../../src/services/sports/feeds/adapters/datafactory-file.ts'
import { fromStatsBomb, isStatsBomb } from '../../src/services/sports/feeds/adapters/statsbomb.ts'
import { openRecording } from '../../src/services/sports/feeds/open-recording.ts'
import type { Recording } from '../../src/services/sports/feeds/recording.ts'
import { recordTimeline } from '../../src/services/sports/feeds/timeline.ts'
import type { Pair } from '../../src/services/sports/model/index.ts'
import { final2022, semi2014 } from '../../src/services/sports/timelines/index.ts'

/** A recorded match, and what it came to, by other means than the code that is tested. */
export interface Case {
  readonly name: string
  readonly recording: () => Recording
  readonly score: () => Pair<number>
  /** The same match with its players named as another provider does, where there is such a file. */
  readonly renamed?: () => Recording | undefined
}

/** Matches that may not be passed on with the project: in the folder that is named, or beside the project's. Tests go with those of the demo too. */
const folder = process.env.FANFARE_RECORDINGS ?? join(import.meta.dir, '../../../shared/data/sports')

function textOf(name: string): string {
  const bytes = readFileSync(join(folder, name))
  return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
}

/** Goals counted in the file itself, by no more than what marks one there. */
function countStatsBomb(name: string): Pair<number> {
  const events = JSON.parse(textOf(name)) as {
    period: number
    type: { name: string }
    team: { name: string }
    shot?: { outcome: { name: string } }
  }[]
  const [home, away] = events.filter(({ type }) => type.name === 'Starting XI').map(({ team }) => team.name)
  const goals = events.filter(
    ({ period, type, shot }) => period < 5 && (type.name === 'Own Goal For' || (type.name === 'Shot' && shot?.outcome.name === 'Goal')),
  )
  const of = (team: string | undefined) => goals.filter(goal => goal.team.name === team).length
  return { home: of(home), away: of(away) }
}

function countWyscout(name: string): Pair<number> {
  const text = textOf(name)
  const home = Number(/"teams": *\{ *"(\d+)"/.exec(text)?.[1])
  const { events } = JSON.parse(text) as { events: { teamId: number; eventName: string; tags: { id: number }[] }[] }
  const score = { home: 0, away: 0 }
  for (const { teamId, eventName, tags } of events) {
    const isOwn = tags.some(({ id }) => id === 102)
    if (eventName === 'Save attempt' || !(isOwn || tags.some(({ id }) => id === 101))) continue
    score[(teamId === home) !== isOwn ? 'home' : 'away']++
  }
  return score
}

function scoreIn(name: string): Pair<number> {
  const document: unknown = JSON.parse(textOf(name))
  if (isStatsBomb(document)) return countStatsBomb(name)
  return (isDataFactory(document) ? officialScoreOf(document) : countWyscout(name)) ?? { home: -1, away: -1 }
}

/** StatsBomb writes players by all their names, and by those that they are called in the file of line-ups, which is left out here. */
function inFull(name: string): Recording | undefined {
  const document: unknown = JSON.parse(textOf(name))
  return isStatsBomb(document) ? fromStatsBomb('in-full', document) : undefined
}

function caseOf(name: string): Case {
  return {
    name: `${name.replace(/(_event)?\.json.*/, '').replace('_', ' ')}, by the goals of its file`,
    recording: () => openRecording(join(folder, name)),
    score: () => scoreIn(name),
    renamed: () => inFull(name),
  }
}

/** Every match file of the folder; line-ups stand beside theirs. */
export const recorded: readonly Case[] = (existsSync(folder) ? readdirSync(folder).sort() : [])
  .filter(name => /\.json(\.gz)?$/.test(name) && !name.includes('lineup'))
  .map(caseOf)

export const committed: readonly Case[] = [
  { name: 'the 2022 final', recording: () => recordTimeline(final2022), score: () => ({ home: 3, away: 3 }) },
  { name: 'the 2014 semi-final', recording: () => recordTimeline(semi2014), score: () => ({ home: 1, away: 7 }) },
]
