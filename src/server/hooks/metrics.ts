import { Counter, Gauge, type Registry } from 'prom-client'
import type { Hooks } from './hooks.ts'

export function addHookMetrics(hooks: Hooks, registry: Registry): void {
  const outcomes = new Counter({
    name: 'fanfare_hooks_total',
    help: 'Hooks by outcome: questions answered, failed, refused, notices delivered, dropped; retried for either.',
    labelNames: ['hook', 'outcome'],
    registers: [registry],
    collect: () => set(),
  })
  function set() {
    outcomes.reset()
    for (const { hook, outcome, count } of hooks.tally.entries()) outcomes.inc({ hook, outcome }, count)
  }
  const waiting: Gauge = new Gauge({
    name: 'fanfare_hooks_waiting',
    help: 'Notices that wait to be sent to a back end.',
    registers: [registry],
    collect: () => waiting.set(hooks.waiting),
  })
}
