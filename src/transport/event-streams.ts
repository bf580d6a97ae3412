import type { Bytes, Socket, SocketGroup } from '../hub/index.ts'
import { type DirectSink, EventStream } from './event-stream.ts'
import { Lineup } from './lineup.ts'

/** Event streams that are written to together. */
export class EventStreams implements SocketGroup {
  readonly #lineup = new Lineup<EventStream, DirectSink>()

  get mayLag(): boolean {
    return this.#lineup.takeLag()
  }

  add(socket: Socket): boolean {
    if (!(socket instanceof EventStream) || socket.sink === undefined) return false
    this.#lineup.add(socket, socket.sink)
    return true
  }

  remove(socket: Socket): void {
    if (socket instanceof EventStream) this.#lineup.remove(socket)
  }

  /** From the end, since a stream that turns out to be gone is removed, and the last one takes its place. */
  write(bytes: Bytes): void {
    const { connections, handles } = this.#lineup
    for (let place = handles.length - 1; place >= 0; place--) {
      const sink = handles[place]
      const written = sink?.write(bytes)
      if (typeof written === 'number') sink?.flush()
      else if (written !== undefined) {
        this.#lineup.lags()
        connections[place]?.wait(written, bytes.length)
      }
    }
  }
}
