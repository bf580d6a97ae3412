import { connect, type Socket as TcpSocket } from 'node:net'
import { until, within } from '../until.ts'

/**
 * A TCP connection driven by hand: it speaks HTTP or WebSocket byte by byte, and can stop reading, so that the server's buffers fill
 * as they do for a client on a bad network.
 */
export class TcpClient implements Disposable {
  /** Everything received, as latin1 text, while `keeps` is set. */
  received = ''
  receivedBytes = 0
  keeps = true
  isClosed = false
  error: Error | undefined

  constructor(readonly socket: TcpSocket) {
    socket.on('data', bytes => {
      this.receivedBytes += bytes.length
      if (this.keeps) this.received += bytes.toString('latin1')
    })
    socket.on('close', () => {
      this.isClosed = true
    })
    socket.on('error', error => {
      this.error = error
    })
  }

  static async open(url: string): Promise<TcpClient> {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    const client = new TcpClient(socket)
    await within('the connection to open', new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject)))
    return client
  }

  /** Opens a WebSocket and sends the frames; resolves when the upgrade was answered. */
  static async upgrade(url: string, frames: readonly object[] = []): Promise<TcpClient> {
    const client = await TcpClient.open(url)
    const { host, pathname } = new URL(url)
    const head = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13']
    client.write([`GET ${pathname} HTTP/1.1`, `Host: ${host}`, ...head, '', ''].join('\r\n'))
    await until('the upgrade is answered', () => client.received.includes('\r\n\r\n'))
    if (!client.received.startsWith('HTTP/1.1 101')) throw new Error(`no upgrade: ${client.received.slice(0, 100)}`)
    for (const frame of frames) client.write(textFrame(JSON.stringify(frame)))
    return client
  }

  write(bytes: string | Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(bytes)
  }

  /** Reads nothing from now on. */
  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  async closes(): Promise<void> {
    await until('the server closed the connection', () => this.isClosed)
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

/** A client's frame: masked, with a mask of zeros, which is allowed and keeps it readable. */
export function textFrame(text: string, opcode = 1, fin = true): Buffer {
  const payload = Buffer.from(text)
  const { length } = payload
  const first = (fin ? 0x80 : 0) | opcode
  const head =
    length < 126
      ? Buffer.from([first, 0x80 | length, 0, 0, 0, 0])
      : length < 65_536
        ? Buffer.from([first, 0x80 | 126, length >> 8, length & 255, 0, 0, 0, 0])
        : Buffer.from([
            first,
            0x80 | 127,
            0,
            0,
            0,
            0,
            (length >>> 24) & 255,
            (length >>> 16) & 255,
            (length >>> 8) & 255,
            length & 255,
            0,
            0,
            0,
            0,
          ])
  return Buffer.concat([head, payload])
}

/** The code of a close frame at the end of what a WebSocket received, if there is one. */
export function closeCodeIn(received: string): number | undefined {
  const at = received.lastIndexOf('\x88')
  return at === -1 || received.length < at + 4 ? undefined : received.charCodeAt(at + 2) * 256 + received.charCodeAt(at + 3)
}
