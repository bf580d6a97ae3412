import { between } from '../../../src/kit/index.ts'
import { pick } from '../../core/chance.ts'
import type { SimClock } from '../../core/clock.ts'
import type { Tally } from '../../core/tally.ts'
import { type Scene, say } from './acts.ts'

/** More than one window of a backlog (chat M5). */
const messages = { from: 265, to: 400 }
const awayMs = 4500

/** A device is away while more is said than fits into one window; what is said when it is back must not wait behind all that. */
export class Flood {
  constructor(
    readonly scene: Scene,
    time: SimClock,
    readonly tally: Tally,
  ) {
    time.after(1500, () => {
      const { devices, random } = scene
      const [speaker = pick(random, devices)] = devices
      const copy = [...speaker.replica.copies.values()].find(({ members }) => members.size > 1 && members.has(speaker.user))
      const listener = devices.find(device => device.user !== speaker.user && copy?.members.has(device.user) === true)
      if (copy === undefined || listener === undefined) return
      tally.count('floods')
      listener.sleep(awayMs - 1500)
      const total = between(random, messages.from, messages.to)
      for (let index = 0; index < total; index++) time.after(index * 4, () => say(scene, speaker, copy))
    })
  }
}
