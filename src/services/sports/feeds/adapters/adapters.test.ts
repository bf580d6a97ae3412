import { describe, expect, test } from 'bun:test'
import { readBatch, readGame } from '../../batch.ts'
import { Match } from '../../match.ts'
import type { Board, FedEvent, MatchEvent } from '../../model/index.ts'
import type { Recording } from '../recording.ts'
import { fromDataFactory } from './datafactory.ts'
import { fromStatsBomb } from './statsbomb.ts'
import { fromWyscout, homeTeamIn } from './wyscout.ts'

/** Takes a recording in as a feed would give it. */
function playedBy({ id, game, events }: Recording): { board: Board; events: MatchEvent[]; match: Match } {
  const match = new Match({ game: readGame(id, JSON.parse(JSON.stringify(game))), run: 0, version: 0, shown: [], seen: [] }, 1)
  match.applyBatch(readBatch(id, JSON.parse(JSON.stringify({ events }))), 1)
  return { board: match.board, events: match.snapshot(1).events, match }
}

const ofKind = (recording: Recording, kind: FedEvent['kind']) => recording.events.filter(event => event.kind === kind)

describe('StatsBomb', () => {
  const teams = { home: { id: 1, name: 'Reds' }, away: { id: 2, name: 'Blues' } }
  let index = 0
  const event = (type: string, team: 'home' | 'away', at: string, more: object = {}, period = 1) => ({
    id: `e${++index}`,
    index,
    period,
    timestamp: `00:${at}`,
    type: { id: 0, name: type },
    possession_team: teams.home,
    play_pattern: { id: 1, name: 'Regular Play' },
    team: teams[team],
    player: { id: team === 'home' ? 11 : 22, name: `Player of ${team}` },
    ...more,
  })
  const shot = (outcome: string, type = 'Open Play', body = 'Right Foot', more: object = {}) => ({
    shot: { outcome: { id: 0, name: outcome }, type: { id: 0, name: type }, body_part: { id: 0, name: body }, ...more },
  })
  const start = () => [
    event('Starting XI', 'home', '00:00.000', {
      tactics: { formation: 442, lineup: [{ player: { id: 11, name: 'Keeper' }, jersey_number: 1 }] },
    }),
    event('Starting XI', 'away', '00:00.000', { tactics: { formation: 352, lineup: [] } }),
    event('Half Start', 'home', '00:00.000'),
    event('Half Start', 'away', '00:00.000'),
  ]
  const read = (...events: object[]) => fromStatsBomb('m', [...start(), ...events, event('Half End', 'home', '47:00.000')])

  test('[G20] goals from play, from the spot, free kicks and headers; an own goal counts for the other side, once', () => {
    const { board, events } = playedBy(
      read(
        event('Pass', 'home', '09:58.000', { id: 'pass', player: { id: 12, name: 'Passer' } }),
        event('Shot', 'home', '10:00.000', shot('Goal', 'Open Play', 'Head', { key_pass_id: 'pass' })),
        event('Shot', 'away', '11:00.000', shot('Goal', 'Penalty')),
        event('Shot', 'away', '12:00.000', shot('Goal', 'Free Kick')),
        event('Own Goal Against', 'away', '20:00.000'),
        event('Own Goal For', 'home', '20:00.000'),
      ),
    )
    expect(board.score).toEqual({ home: 2, away: 2 })
    expect(events.filter(({ kind }) => kind === 'goal')).toMatchObject([
      { data: { how: 'header' }, players: [{ name: 'Player of home' }, { name: 'Passer' }], clock: { min: 10, sec: 0 } },
      { data: { how: 'penalty' } },
      { data: { how: 'free_kick' } },
      { data: { how: 'own' }, team: 'away' },
    ])
  })

  test("[G24] a time before its neighbour's does not give a whole half to one side", () => {
    const held = (seconds: number, side: 'home' | 'away', minute = 0) => {
      const at = `${String(Math.floor(minute + seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}.000`
      return event('Pass', side, at, { possession_team: teams[side] })
    }
    const even = Array.from({ length: 40 }, (_, index) => held(index * 30, index % 2 === 0 ? 'home' : 'away'))
    const wrong = [held(5, 'home'), held(2700, 'away'), held(6, 'home')]
    const { match } = playedBy(read(...even.slice(0, 20), ...wrong, ...even.slice(20)))
    expect(match.stats.possession?.home).toBeWithin(35, 65)
  })

  test('[G24] a corner that is played to somebody offside is a corner and an offside of who received it', () => {
    const pass = { type: { id: 61, name: 'Corner' }, outcome: { id: 76, name: 'Pass Offside' }, recipient: { id: 13, name: 'Recipient' } }
    const recording = read(event('Pass', 'home', '10:00.000', { pass }))
    expect(ofKind(recording, 'corner')).toHaveLength(1)
    expect(ofKind(recording, 'offside')).toMatchObject([{ players: [{ name: 'Recipient' }] }])
  })

  test('[G20] a missed penalty is one and a shot; the shoot-out is kicks and no goals', () => {
    const { board, match } = playedBy(
      read(
        event('Shot', 'home', '10:00.000', shot('Saved', 'Penalty')),
        event('Half Start', 'home', '00:00.000', {}, 5),
        event('Shot', 'home', '01:00.000', shot('Goal', 'Penalty'), 5),
        event('Shot', 'away', '02:00.000', shot('Off T', 'Penalty'), 5),
      ),
    )
    expect(board).toMatchObject({ score: { home: 0, away: 0 }, shootout: { home: ['scored'], away: ['missed'] }, status: 'finished' })
    expect(match.events.map(({ kind }) => kind)).toContain('penalty_missed')
    expect(match.stats.shots).toEqual({ home: 1, away: 0 })
  })

  test('[G20] cards come with a foul or without, a foul may give a penalty to the other side', () => {
    const recording = read(
      event('Foul Committed', 'home', '10:00.000', { foul_committed: { card: { id: 0, name: 'Second Yellow' }, penalty: true } }),
      event('Bad Behaviour', 'away', '11:00.000', { bad_behaviour: { card: { id: 0, name: 'Red Card' } } }),
    )
    expect(playedBy(recording).board.cards).toEqual({ home: { yellow: 0, red: 1 }, away: { yellow: 0, red: 1 } })
    expect(ofKind(recording, 'penalty')).toMatchObject([{ team: 'away' }])
  })

  test('[G20] names are those of the line-up file, who does not begin is on the bench, and figures are revisions of one event each', () => {
    const squad = {
      team_id: 1,
      team_name: 'Reds',
      lineup: [11, 12].map(id => ({ player_id: id, player_name: `Long Name ${id}`, player_nickname: `Nick ${id}` })),
    }
    const passes = Array.from({ length: 5 }, (_, minute) => event('Pass', 'home', `0${minute}:10.000`, { pass: {} }))
    const recording = fromStatsBomb('m', [...start(), ...passes, event('Half End', 'home', '47:00.000')], [squad])
    expect(ofKind(recording, 'lineup')[0]).toMatchObject({
      players: [{ name: 'Nick 11', number: 1 }],
      data: { bench: [{ name: 'Nick 12' }], formation: '4-4-2' },
    })
    const counted = ofKind(recording, 'stat').filter(({ id }) => id === 'sb:stat:home:passes')
    expect(counted.map(({ rev }) => rev)).toEqual([1, 2, 3, 4, 5])
    expect(playedBy(recording).match.stats.passes).toEqual({ home: 5, away: 0 })
  })
})

describe('Wyscout', () => {
  let id = 100
  const event = (teamId: number, period: string, eventSec: number, name: string, tags: number[], subEventName = '') => ({
    id: ++id,
    eventName: name,
    subEventName,
    tags: tags.map(tag => ({ id: tag })),
    playerId: teamId * 10,
    teamId,
    matchId: 7,
    matchPeriod: period,
    eventSec,
    positions: [{ x: 90, y: 50 }],
  })
  const document = (...events: object[]) => ({
    events,
    teams: { 5: { team: { wyId: 5, name: 'Blues' } }, 9: { team: { wyId: 9, name: 'Reds' } } },
    players: { 9: [{ player: { wyId: 90, shortName: 'B. St\\u0103ncu' } }, { player: null }] },
  })

  test('[G21] the team that the file names first is at home, whatever numbers do to the order of keys', () => {
    const text = '{"events": [], "teams": {"9": {}, "5": {}}}'
    expect(homeTeamIn(text)).toBe(9)
    const recording = fromWyscout('m', document(event(9, '1H', 60, 'Shot', [101, 1801])), homeTeamIn(text))
    expect(recording.game.home).toMatchObject({ name: 'Reds', bench: [{ name: 'B. Stăncu' }] })
    expect(playedBy(recording).board.score).toEqual({ home: 1, away: 0 })
  })

  test('[G25] a scorer who is in no squad is not the player who gave the pass, and null in a squad refuses nothing', () => {
    const { players, ...rest } = document(event(9, '1H', 58, 'Pass', [301, 1801]), {
      ...event(9, '1H', 60, 'Shot', [101, 1801]),
      playerId: 7,
    })
    const recording = fromWyscout('m', { ...rest, players: { 9: [...players[9], null], 5: null } }, 9)
    expect(ofKind(recording, 'goal')).toMatchObject([{ players: [] }])
    expect(playedBy(recording).board.score).toEqual({ home: 1, away: 0 })
  })

  test('[G21] the goalkeeper who could not save is no scorer, and an own goal counts for the other side, once', () => {
    const { board } = playedBy(
      fromWyscout(
        'm',
        document(
          event(9, '1H', 60, 'Shot', [101, 1801]),
          event(5, '1H', 61, 'Save attempt', [101, 1802]),
          event(5, '2H', 100, 'Others on the ball', [102], 'Touch'),
          event(5, '2H', 101, 'Save attempt', [102, 1802]),
          event(9, 'E1', 5, 'Free Kick', [101, 1801], 'Penalty'),
        ),
        9,
      ),
    )
    expect(board.score).toEqual({ home: 3, away: 0 })
  })

  test('[G21] who gave the pass is told, extra time has its own periods, and kicks of the shoot-out are no goals', () => {
    const recording = fromWyscout(
      'm',
      document(
        event(9, '1H', 55, 'Pass', [301, 1801]),
        event(9, '1H', 60, 'Shot', [101, 1801, 403]),
        event(9, 'E2', 30, 'Foul', [1703]),
        event(9, 'P', 10, 'Free Kick', [101, 1801], 'Penalty'),
        event(5, 'P', 40, 'Free Kick', [1802], 'Penalty'),
        event(9, 'P', 41, 'Save attempt', [1801]),
      ),
      9,
    )
    const { board } = playedBy(recording)
    expect(board).toMatchObject({ score: { home: 1 }, shootout: { home: ['scored'], away: ['missed'] }, cards: { home: { red: 1 } } })
    expect(ofKind(recording, 'goal')).toMatchObject([{ data: { how: 'header' }, players: [{ name: 'B. Stăncu' }, { name: 'B. Stăncu' }] }])
    expect(ofKind(recording, 'card')).toMatchObject([{ period: 'extra_second', clock: { min: 105, sec: 30 } }])
  })
})

describe('DataFactory', () => {
  const at = (half: number, m: number, s = 0) => ({ t: { half, m, s } })
  const document = (incidences: object, more: object = {}) => ({
    match: { revision: 20, homeTeamId: 1, awayTeamId: 2, date: '20180715', competition: 'Cup', week: 'Final' },
    players: {
      11: { teamId: 1, squadNo: 1, posnId: 1, substitute: false, order: 1, name: { first: 'Al', last: 'Pha', shortName: null } },
      22: { teamId: 2, squadNo: 9, posnId: 4, substitute: true, order: 12, name: { first: 'Be', last: 'Ta', shortName: 'B. Ta' } },
    },
    teams: { 1: { name: 'Reds', initials: 'RDS', colors: { color: '#c8102e', path1_color: '' } }, 2: { name: 'Blues' } },
    incidences: { status: { 1: { type: 1, ...at(0, 0) }, 49: { type: 17, ...at(1, 47) }, 90: { type: 2, ...at(2, 93) } }, ...incidences },
    ...more,
  })

  test('[G22] goals are told once though the file lists them as shots too, and an own goal counts for the other side', () => {
    const goals = { 50: { type: 10, team: 2, plyrId: 22, ...at(1, 18, 2) }, 51: { type: 13, plyrId: 11, ...at(2, 58) } }
    const recording = fromDataFactory('m', document({ goals, shots: goals }))
    expect(playedBy(recording).board).toMatchObject({ score: { home: 2, away: 0 }, status: 'finished' })
    expect(ofKind(recording, 'goal')).toMatchObject([
      { id: 'df:50', rev: 20, team: 'away', data: { how: 'own' } },
      { id: 'df:51', team: 'home' },
    ])
  })

  test('[G85] places are told as the side attacks, though sides change ends at half-time', () => {
    const shot = (team: number, half: number, x: number, y: number, more: object = {}) => ({
      type: 33,
      team,
      ...at(half, 20),
      coord: { 1: { x, y } },
      ...more,
    })
    const own = shot(1, 1, -0.9, 0, { type: 10 })
    const recording = fromDataFactory(
      'm',
      document({
        goals: { 70: own, 71: own },
        shots: { 60: shot(1, 1, 0.8, 0.2), 61: shot(2, 1, -0.6, 0.2), 62: shot(1, 2, -0.8, 0.2), 63: shot(2, 2, 0.6, 0.2) },
      }),
    )
    expect(ofKind(recording, 'shot').map(({ xy }) => xy)).toEqual([
      [90, 60],
      [80, 40],
      [90, 40],
      [80, 60],
    ])
  })

  test('[G22] what the file deletes is deleted, whether it was ever told or not', () => {
    const first = fromDataFactory('m', document({ goals: { 50: { type: 9, team: 1, ...at(1, 18) } } }))
    const later = document({}, { deletedIncidences: ['50', 51] })
    const second = fromDataFactory('m', { ...later, match: { ...later.match, revision: 21 } })
    const { match } = playedBy(first)
    expect(match.board.score).toEqual({ home: 1, away: 0 })
    const { change } = match.applyBatch(readBatch('m', JSON.parse(JSON.stringify({ events: second.events }))), 1)
    expect(match.board.score).toEqual({ home: 0, away: 0 })
    expect([...change.shown.keys()]).toContain('df:51')
    // The rest of the file is as it was, so viewers are told of nothing else.
    expect(match.urgentSince(change.version - 1).map(({ id }) => id)).toEqual(['df:50'])
  })

  test('[G22] extra time and a shoot-out, and a file from the middle of a match is not over', () => {
    const status = {
      1: { type: 1, ...at(0, 0) },
      2: { type: 17, ...at(1, 46) },
      3: { type: 18, ...at(2, 45) },
      4: { type: 49, ...at(2, 94) },
      5: { type: 50, ...at(3, 90) },
      6: { type: 54, ...at(5, 120) },
    }
    const penaltyShootout = { 60: { type: 55, team: 1, plyrId: 11, ...at(5, 120) }, 61: { type: 183, team: 2, plyrId: 22, ...at(5, 120) } }
    const { board } = playedBy(fromDataFactory('m', document({ status, penaltyShootout })))
    expect(board).toMatchObject({
      status: 'live',
      phase: 'shootout',
      score: { home: 0, away: 0 },
      shootout: { home: ['scored'], away: ['missed'] },
    })
  })

  test('[G22] line-ups, bench, colours and place are those of the file, and its commentary is put into words', () => {
    const recording = fromDataFactory(
      'm',
      document(
        { throwIn: { 70: { type: 46, team: 1, plyrId: 11, ...at(1, 3) } }, fouls: { 71: { type: 32, team: 2, plyrId: 22, ...at(1, 4) } } },
        { commentary: { 70: { t: 'throwIn', ts: 1 } }, summary: { ballPossesion: { homeQty: 36, awayQty: 64 } } },
      ),
    )
    expect(recording.game).toMatchObject({
      competition: 'Cup',
      round: 'Final',
      date: '2018-07-15',
      home: { code: 'RDS', colors: ['#c8102e'] },
    })
    expect(ofKind(recording, 'lineup')).toMatchObject([
      { players: [{ name: 'Al Pha', number: 1 }] },
      { data: { bench: [{ name: 'B. Ta' }] } },
    ])
    expect(ofKind(recording, 'penalty')).toMatchObject([{ team: 'home' }])
    expect(ofKind(recording, 'commentary')).toContainEqual(
      expect.objectContaining({ ref: 'df:70', data: { text: 'Throw-in for Reds, taken by Al Pha.' } }),
    )
    expect(playedBy(recording).match.stats.possession).toEqual({ home: 36, away: 64 })
  })
})
