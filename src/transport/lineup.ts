/** A connection that may stand in a lineup. */
export interface Placed {
  /** Its place; -1 for none. */
  place: number
}

/** Connections, and beside each what Bun writes to: a write to all of them looks at nothing else. */
export class Lineup<Connection extends Placed, Handle> {
  readonly connections: Connection[] = []
  readonly handles: Handle[] = []
  #mayLag = false

  add(connection: Connection, handle: Handle): void {
    connection.place = this.connections.push(connection) - 1
    this.handles.push(handle)
  }

  /** One of them could not be sent all of it. */
  lags(): void {
    this.#mayLag = true
  }

  /** Whether that was so since it was last asked. */
  takeLag(): boolean {
    const mayLag = this.#mayLag
    this.#mayLag = false
    return mayLag
  }

  /** The last one takes its place. */
  remove(connection: Connection): void {
    const { place } = connection
    if (this.connections[place] !== connection) return
    const [last, handle] = [this.connections.pop(), this.handles.pop()]
    if (last !== undefined && handle !== undefined && last !== connection) {
      this.connections[place] = last
      this.handles[place] = handle
      last.place = place
    }
    connection.place = -1
  }
}
