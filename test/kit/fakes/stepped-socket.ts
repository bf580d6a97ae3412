import { dlopen, FFIType, ptr } from 'bun:ffi'
import { EventReader, FrameReader, type WireReader } from '../../../src/cli/wire-reader.ts'
import { textFrame } from '../clients/tcp-client.ts'

const { i32, u32, u64, i64, ptr: pointer } = FFIType
const { symbols: libc } = dlopen('libc.so.6', {
  socket: { args: [i32, i32, i32], returns: i32 },
  setsockopt: { args: [i32, i32, i32, pointer, u32], returns: i32 },
  connect: { args: [i32, pointer, u32], returns: i32 },
  send: { args: [i32, pointer, u64, i32], returns: i64 },
  recv: { args: [i32, pointer, u64, i32], returns: i64 },
  close: { args: [i32], returns: i32 },
})
const inet = 2
const stream = 1
const socketLevel = 1
const receiveBuffer = 8
const doNotWait = 0x40

/**
 * A client's connection that reads only when told to, and so much: the runtime's own sockets read whatever is there. Its receive buffer is as
 * small as a thin line would make it, so that what is not read waits at the server.
 */
export class SteppedSocket implements Disposable {
  /** Whole messages, as they came. */
  readonly messages: string[] = []
  receivedBytes = 0
  isClosed = false
  readonly #descriptor = libc.socket(inet, stream, 0)
  #head: string | undefined = ''

  private constructor(
    port: number,
    readonly reader: WireReader,
    receiveBytes: number,
  ) {
    libc.setsockopt(this.#descriptor, socketLevel, receiveBuffer, ptr(new Int32Array([receiveBytes])), 4)
    const address = new Uint8Array([inet, 0, port >> 8, port & 255, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    if (libc.connect(this.#descriptor, ptr(address), address.byteLength) !== 0) throw new Error('no connection')
  }

  /** Asks for a WebSocket; commands follow with `send`. */
  static websocket(url: string, receiveBytes = 8192): SteppedSocket {
    const { host, port, pathname } = new URL(url)
    const socket = new SteppedSocket(Number(port), new FrameReader(), receiveBytes)
    const head = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13']
    socket.#write(Buffer.from([`GET ${pathname} HTTP/1.1`, `Host: ${host}`, ...head, '', ''].join('\r\n')))
    return socket
  }

  /** Asks for an event stream, in the form of HTTP that has no chunks. */
  static events(url: string, lastEventId = '', receiveBytes = 8192): SteppedSocket {
    const { host, port, pathname, search } = new URL(url)
    const socket = new SteppedSocket(Number(port), new EventReader(), receiveBytes)
    const id = lastEventId === '' ? [] : [`Last-Event-ID: ${lastEventId}`]
    socket.#write(Buffer.from([`GET ${pathname}${search} HTTP/1.0`, `Host: ${host}`, ...id, '', ''].join('\r\n')))
    return socket
  }

  send(...commands: readonly object[]): void {
    this.#write(textFrame(commands.map(command => JSON.stringify(command)).join('\n')))
  }

  /** Reads at most so many bytes of what is there, and answers pings. The number read; 0 where nothing is there now. */
  read(bytesMax: number): number {
    const buffer = new Uint8Array(bytesMax)
    const read = Number(libc.recv(this.#descriptor, ptr(buffer), bytesMax, doNotWait))
    if (read === 0) this.isClosed = true
    if (read <= 0) return 0
    this.receivedBytes += read
    this.#take(Buffer.from(buffer.buffer, 0, read).toString('latin1'))
    return read
  }

  [Symbol.dispose](): void {
    libc.close(this.#descriptor)
  }

  #take(text: string): void {
    let rest = text
    if (this.#head !== undefined) {
      this.#head += text
      const end = this.#head.indexOf('\r\n\r\n')
      if (end === -1) return
      rest = this.#head.slice(end + 4)
      this.#head = undefined
    }
    for (const { kind, text: message } of this.reader.take(rest)) {
      if (kind === 'close') this.isClosed = true
      else if (message === '{}') this.send({})
      else this.messages.push(message)
    }
  }

  #write(bytes: Uint8Array): void {
    libc.send(this.#descriptor, ptr(bytes), bytes.byteLength, 0)
  }
}
