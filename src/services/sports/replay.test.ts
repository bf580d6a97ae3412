import { describe, expect, test } from 'bun:test'
import { reduceBoard } from './model/index.ts'
import { eventsOf, loopMs, nextMs, placeAt, planReplay, stepsBetween } from './replay.ts'
import { final2022, semi2014 } from './timelines/index.ts'

const plan = planReplay(final2022)
const pace = { speed: 60, offsetMs: 0 }
const lengthMs = loopMs(plan, pace)

describe('the plan of a replay', () => {
  test.each([final2022, semi2014])('[W1] moments of $id follow each other, and their events are numbered densely', timeline => {
    const { moments } = planReplay(timeline)
    const times = moments.map(moment => moment.atSec)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(new Set(times).size).toBe(times.length)
    const seqs = moments.flatMap(moment => moment.events.map(event => event.seq))
    expect(seqs).toEqual(seqs.map((_, index) => index + 1))
  })

  test('[W1] what one moment brings leaves together: both substitutions of the 41st minute, but not two goals', () => {
    const together = plan.moments.map(moment => moment.events.map(event => `${event.minute} ${event.kind}`))
    expect(together).toContainEqual(['41 substitution', '41 substitution'])
    expect(together).toContainEqual(['80 goal'])
    expect(together).toContainEqual(['116 card'])
  })

  test('[W1] an event happens while the clock shows its minute', () => {
    const moments = plan.moments.map((_, moment) => eventsOf(plan, pace, { loop: 3, moment }))
    const goal = moments.flat().find(event => event.kind === 'goal' && event.minute === 36)
    const { clock } = reduceBoard(moments.flat().slice(0, 1), pace.speed)
    if (goal === undefined || clock === undefined) throw new Error('the final has a kick-off and a goal in minute 36')
    const playedSec = ((goal.utcMs - clock.anchorUtcMs) / 1000) * pace.speed
    expect(Math.floor(playedSec / 60) + 1).toBe(36)
  })
})

describe('where a replay stands', () => {
  test('[W2] it follows from the wall clock alone: the same place in every loop, and none before the kick-off', () => {
    expect(placeAt(plan, pace, 7 * lengthMs)).toEqual({ loop: 7, moment: -1 })
    const places = [3, 4].map(loop => placeAt(plan, pace, loop * lengthMs + 60_000))
    expect(places.map(place => place.moment)).toEqual([places[0]?.moment ?? -2, places[0]?.moment ?? -2])
    expect(placeAt(plan, pace, 8 * lengthMs - 1)).toEqual({ loop: 7, moment: plan.moments.length - 1 })
  })

  test('[W2] going from one change to the next visits every moment once', () => {
    let now = 5 * lengthMs
    const seen: number[] = []
    for (let place = placeAt(plan, pace, now); place.loop === 5; place = placeAt(plan, pace, now)) {
      seen.push(place.moment)
      now = nextMs(plan, pace, place)
    }
    expect(seen).toEqual(plan.moments.map((_, index) => index - 1).concat(plan.moments.length - 1))
  })
})

describe('what is published next', () => {
  const last = plan.moments.length - 1

  test('[W3] nothing, when nothing happened', () => {
    expect(stepsBetween(plan, { loop: 2, moment: 4 }, { loop: 2, moment: 4 })).toEqual([])
  })

  test('[W3] after a down time, first what fell into it', () => {
    const steps = stepsBetween(plan, { loop: 2, moment: 4 }, { loop: 2, moment: 6 })
    expect(steps.map(step => `${step.kind} ${step.loop}.${step.moment}`)).toEqual(['moment 2.5', 'moment 2.6'])
  })

  test('[W3] after a down time into a later loop, the rest of the old one, then one kick-off', () => {
    const steps = stepsBetween(plan, { loop: 2, moment: last - 1 }, { loop: 9, moment: 3 })
    expect(steps.map(step => `${step.kind} ${step.loop}.${step.moment}`)).toEqual([`moment 2.${last}`, 'kickoff 9.3'])
  })

  test('[W3] without a history, or with one from a faster replay, a kick-off that stands for everything so far', () => {
    expect(stepsBetween(plan, undefined, { loop: 2, moment: 6 })).toEqual([{ kind: 'kickoff', loop: 2, moment: 6 }])
    expect(stepsBetween(plan, { loop: 99, moment: 1 }, { loop: 2, moment: 6 })).toEqual([{ kind: 'kickoff', loop: 2, moment: 6 }])
  })
})
