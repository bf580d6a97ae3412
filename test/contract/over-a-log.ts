import { MachineClock, type SimClock } from '../../sim/core/clock.ts'
import { defaultLogLimits, LogBroker, type LogLimits, type LogLine, MemoryLog, type SharedLog } from '../../src/broker/index.ts'
import { type BrokerSink, type Control, defaultLimits, Namespaces, silentLog } from '../../src/hub/index.ts'
import { seededRandom } from '../../src/kit/index.ts'
import type { Position } from '../../src/protocol/index.ts'
import { contractNamespaces, Heard } from './broker.ts'

interface MemoryLogs {
  readonly channels: MemoryLog
  readonly controls: MemoryLog
}

/** The logs of a cluster in this process. */
export class LogCluster {
  readonly logs: MemoryLogs

  constructor(
    readonly clock: SimClock,
    partitions = 2,
    readonly namespaces = contractNamespaces,
    readonly logLimits: LogLimits = defaultLogLimits,
    /** What nodes have in place of their line to the channels. */
    readonly garble: (line: SharedLog) => SharedLog = line => line,
    logs?: MemoryLogs,
  ) {
    const random = seededRandom(1)
    this.logs = logs ?? {
      channels: new MemoryLog({ clock, random, partitions }),
      controls: new MemoryLog({ clock, random, partitions: 1 }),
    }
  }

  node(id: string): LogNode {
    return new LogNode(id, this)
  }
}

const nobody: BrokerSink = { deliver() {}, control() {}, mayHaveMissed() {}, removed() {} }

/** The broker of one node, with lines to the logs that can be cut. */
export class LogNode {
  readonly warnings: object[] = []
  readonly heard = new Heard()
  readonly controlled: [Control, Position][] = []
  readonly clock: MachineClock
  readonly lines: { readonly channels: LogLine; readonly controls: LogLine }
  readonly broker: LogBroker

  constructor(
    readonly id: string,
    { clock, logs, namespaces: all, logLimits, garble }: LogCluster,
  ) {
    this.clock = new MachineClock(clock)
    this.lines = {
      channels: logs.channels.line(this.clock),
      controls: logs.controls.line(this.clock),
    }
    const { controls } = this.lines
    const channels = garble(this.lines.channels)
    const namespaces = new Namespaces(all)
    const random = seededRandom(Number(Bun.hash.xxHash32(id)))
    const log = { ...silentLog, warn: (fields: object) => void this.warnings.push(fields) }
    const options = { clock: this.clock, random, log, namespaces, limits: defaultLimits }
    const controlled = (control: Control, place: Position) => void this.controlled.push([control, place])
    this.broker = new LogBroker({ ...options, logLimits, logs: { channels, controls }, controlled }, nobody)
    this.broker.attach(this.heard)
  }

  cut(): void {
    for (const line of Object.values(this.lines)) line.cut()
  }

  mend(): void {
    for (const line of Object.values(this.lines)) line.mend()
  }

  async close(): Promise<void> {
    await this.broker.close()
  }
}
