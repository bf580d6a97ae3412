/** A connection that may stand in a lineup. */
export interface Placed {
  /** Its place; -1 for none. */
  place: number
}

/** Connections, and beside each what Bun writes to: a write to all of them looks at nothing else. */
export class Lineup<Connection extends Placed, Handle> {
  readonly connections: Connection[] = []
  readonly handles: Handle[] = []

  add(connection: Connection, handle: Handle): void {
    connection.place = this.connections.push(connection) - 1
    this.handles.push(handle)
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
