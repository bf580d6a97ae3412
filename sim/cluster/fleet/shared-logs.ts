import { LogBroker, type LogLine, MemoryLog } from '../../../src/broker/index.ts'
import { type BrokerSink, type Limits, type Namespaces, silentLog } from '../../../src/hub/index.ts'
import type { Clock, Random } from '../../../src/kit/index.ts'
import type { SimClock } from '../../core/clock.ts'
import type { World } from '../../core/world.ts'
import type { Oracle } from '../oracle.ts'

/** A node's lines to the logs. */
export interface LogLines {
  readonly channels: LogLine
  readonly controls: LogLine
  readonly states: LogLine
}

const partitions = 2

/** The logs that a fleet shares: they outlive every node. */
export class SharedSimLogs {
  readonly #channels: MemoryLog
  readonly #controls: MemoryLog
  readonly #states: MemoryLog

  constructor(time: SimClock, random: Random) {
    this.#channels = new MemoryLog({ clock: time, random, partitions })
    this.#controls = new MemoryLog({ clock: time, random, partitions: 1 })
    this.#states = new MemoryLog({ clock: time, random, partitions })
  }

  /** @param delayMs on the way to the logs, and as long on the way back */
  lines(clock: Clock, delayMs: number): LogLines {
    const lines = { channels: this.#channels.line(clock), controls: this.#controls.line(clock), states: this.#states.line(clock) }
    for (const line of Object.values(lines)) line.delayMs = delayMs
    return lines
  }
}

const nobody: BrokerSink = { deliver() {}, control() {}, mayHaveMissed() {}, removed() {} }

/** Reads the logs as a node does that never fails, and writes down what is true. */
export class LogObserver {
  readonly broker: LogBroker

  constructor(world: World, logs: SharedSimLogs, oracle: Oracle, namespaces: Namespaces, limits: Limits) {
    const lines = logs.lines(world.time, 0)
    const options = { clock: world.time, random: world.fork(), log: silentLog, namespaces, limits }
    this.broker = new LogBroker({ ...options, logs: lines }, nobody)
    // It reads from the beginning on.
    this.broker.announced.learned()
    this.broker.attach({
      ...nobody,
      deliver(channel, message) {
        // What a service keeps in rows of its own has its places there.
        if (namespaces.resolve(channel) === undefined) return
        if (message.kind === 'publication') oracle.record(channel, message.epoch, message.publication)
        else oracle.announced(channel, message.kind, message.infos)
      },
    })
  }
}
