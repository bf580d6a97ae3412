import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../sim/core/clock.ts'
import { HostStats } from './host-stats.ts'
import type { Child, NodeReport, NodeRole } from './index.ts'

function reportOf(node: string, role: NodeRole, delivered: number, viewers = 1): NodeReport {
  const counts = { published: 100, delivered, relayed: 0, writes: 1, bytesOut: 1, dropped: 0, commands: 2, recovered: 0, unrecovered: 0 }
  const place = { node, role, region: '', parent: '', viewers, websockets: 1, subscriptions: 3, channels: 4 }
  return { ...counts, ...place, errors: { 103: 1 }, closes: { 3001: delivered } }
}

/** A machine whose children are those of the reports. */
function hostStatsWith(...reports: NodeReport[]) {
  const state = { reports }
  const children = () => state.reports.map(report => ({ reports: [report] }) as unknown as Child)
  const clock = new SimClock()
  const hostStats = new HostStats(clock, () => reportOf('own', 'central', 10), children)
  const figures = () => {
    clock.settle()
    return hostStats.figures()
  }
  return { hostStats, state, figures }
}

describe('the figures of a machine', () => {
  test('[T40] are those of its own process and its workers, and of no other node', () => {
    const all = hostStatsWith(reportOf('w1', 'worker', 20), reportOf('w2', 'worker', 30), reportOf('edge', 'edge', 999))
    const figures = all.figures()
    expect(figures).toMatchObject({ delivered: 60, viewers: 3, websockets: 3, subscriptions: 9, commands: 6, channels: 4 })
    expect([figures.errors, figures.closes]).toEqual([{ 103: 3 }, { 3001: 60 }])
    // What workers publish is counted where it is appended.
    expect(figures.published).toBe(100)
  })

  test('[T41] keep what a worker counted when it ends, and count one that only lost its link once', () => {
    const { hostStats, state, figures } = hostStatsWith(reportOf('w1', 'worker', 20))
    hostStats.parted(reportOf('w1', 'worker', 20))
    state.reports = []
    expect(figures()).toMatchObject({ delivered: 30, viewers: 1 })
    state.reports = [reportOf('w1', 'worker', 25)]
    expect(figures()).toMatchObject({ delivered: 35, viewers: 2 })
    hostStats.parted(reportOf('edge', 'edge', 500))
    state.reports = []
    for (let n = 0; n < 100; n++) hostStats.parted(reportOf(`w-${n}`, 'worker', 1))
    expect(figures().delivered).toBe(110)
  })
})
