import { afterEach, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { deflateSync } from 'node:zlib'
import { fileName } from '../../src/services/chat/model/file.ts'
import { until, userToken } from '../kit/index.ts'
import { endAll } from '../kit/servers/tree.ts'
import { FileDesk, photo } from './file-desk.ts'

afterEach(endAll)

const script = '<script>alert(document.domain)</script>'

/** A chunk of a PNG. */
function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.byteLength)
  check.writeUInt32BE(Bun.hash.crc32(body))
  return Buffer.concat([length, body, check])
}

/** A picture of few bytes that is enormous once it is decoded. */
function pixelBomb(side: number): Uint8Array<ArrayBuffer> {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  header.set([8, 0], 8)
  const rows = deflateSync(Buffer.alloc((side + 1) * 200))
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return new Uint8Array(Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', new Uint8Array())]))
}

async function pair(desk: FileDesk): Promise<string> {
  return (await desk.call('ann', 'chat.direct', { with: 'bob' })).conversation
}

describe('files of strangers', () => {
  test('[F151] nothing that a browser could run is shown in place, whatever it is called or begins with', async () => {
    const desk = await FileDesk.start()
    const conversation = await pair(desk)
    const picture = await photo(40, 30)
    const hostile: Record<string, BodyInit> = {
      'drawing.svg': `<svg xmlns="http://www.w3.org/2000/svg">${script}</svg>`,
      'page.png': `<!doctype html>${script}`,
      'page.html': script,
      'style.xml': `<?xml version="1.0"?><?xml-stylesheet href="#"?><x>${script}</x>`,
      'GIF89a.gif': `GIF89a/*${script}*/`,
      'cut.jpg': picture.slice(0, 200),
    }
    for (const [name, bytes] of Object.entries(hostile)) {
      const { file } = await desk.share('ann', conversation, name, bytes)
      expect([name, file.kind, file.type]).toEqual([name, 'file', 'application/octet-stream'])
      const { headers } = await desk.get('bob', file.id)
      expect(headers.get('content-type')).toBe('application/octet-stream')
      expect(headers.get('content-disposition')).toStartWith('attachment;')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox; frame-ancestors 'none'")
    }
  })

  test('[F151] a picture that is also something else is only a picture once it is kept', async () => {
    const desk = await FileDesk.start()
    const conversation = await pair(desk)
    const hidden = 'PK\x03\x04 an archive behind it'
    const both = new Uint8Array(Buffer.concat([await photo(40, 30), Buffer.from(`${hidden}${script}`)]))
    const { file } = await desk.share('ann', conversation, 'both.jpg', both)
    expect(file).toMatchObject({ kind: 'picture', width: 30, height: 40 })
    for (const part of ['', '/small']) {
      const text = Buffer.from(await (await desk.get('bob', file.id, {}, part)).arrayBuffer()).toString('latin1')
      expect(text).not.toContain('script')
      expect(text).not.toContain(hidden)
    }
    expect((await desk.get('bob', file.id)).headers.get('content-disposition')).toStartWith('inline;')
  })

  test('[F152] a picture that would take gigabytes to decode is a file to be saved, and the server answers meanwhile', async () => {
    const desk = await FileDesk.start()
    const conversation = await pair(desk)
    for (const side of [40_000, 9_000]) {
      const sharing = desk.share('ann', conversation, `bomb-${side}.png`, pixelBomb(side))
      expect((await desk.call('bob', 'chat.conversations', {})).conversations.length).toBe(1)
      const { file } = await sharing
      expect(file).toMatchObject({ kind: 'file', type: 'application/octet-stream' })
    }
    expect((await desk.share('ann', conversation, 'next.jpg', await photo(40, 30))).file.kind).toBe('picture')
  })

  test('[F153] nothing, too much, and more than there is room for are refused, and leave nothing', async () => {
    const desk = await FileDesk.start({ bytesMax: 3_000, userBytesMax: 5_000, allBytesMax: 8_000 })
    const refusal = async (user: string, cid: string, body: BodyInit) => {
      const response = await desk.put(user, cid, body)
      return `${response.status} ${(await response.json()).error.message}`
    }
    expect(await refusal('ann', 'empty', '')).toStartWith('422 unprocessable')
    expect(await refusal('ann', 'large', new Uint8Array(3_001))).toStartWith('413 too_large')
    const unmeasured = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(1_000))
      },
    })
    expect(await refusal('ann', 'endless', unmeasured)).toStartWith('413 too_large')
    expect(desk.kept).toEqual([])
    await desk.upload('ann', '1', new Uint8Array(3_000))
    expect(await refusal('ann', '2', new Uint8Array(2_001))).toStartWith('413 quota_exceeded')
    await desk.upload('ann', '3', new Uint8Array(2_000))
    expect(await refusal('ann', '4', 'x')).toStartWith('413 quota_exceeded')
    await desk.upload('bob', '1', new Uint8Array(3_000))
    expect(await refusal('dan', '1', 'x')).toStartWith('413 quota_exceeded')
    expect([desk.kept.length, desk.arriving]).toEqual([3, []])
  })

  test('[F153] only users upload, under ids that are none of a path, and no more often than they may', async () => {
    const desk = await FileDesk.start({ uploadRate: { perSecond: 1, burst: 3 } })
    expect((await desk.put('', 'x', 'words')).status).toBe(401)
    for (const cid of ['../../x', 'a b', 'a/b', '', 'x'.repeat(65)])
      expect((await desk.put('ann', cid, 'words')).status).toBeOneOf([400, 404, 405])
    for (const cid of ['1', '2', '3']) await desk.upload('ann', cid, 'words')
    const refused = await desk.put('ann', '4', 'words')
    expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, 1])
    // What is there already costs nothing.
    await desk.upload('ann', '1', 'words')
    expect(desk.kept.length).toBe(3)
  })

  test('[F154] an upload that breaks off leaves nothing, and comes whole when it is tried again', async () => {
    const desk = await FileDesk.start()
    const bytes = new Uint8Array(1_000_000).fill(65)
    const { port } = new URL(desk.server.url)
    const token = await userToken('ann')
    for (const framing of ['Content-Length: 1000000', 'Transfer-Encoding: chunked']) {
      const socket = connect(Number(port), '127.0.0.1')
      socket.write(`PUT /chat/uploads/broken HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n${framing}\r\n\r\n`)
      if (framing.startsWith('T')) socket.write('7a120\r\n')
      socket.write(bytes.subarray(0, 500_000))
      await until('it is on its way', () => desk.arriving.length === 1)
      socket.destroy()
      await until('it is gone', () => desk.arriving.length === 0)
    }
    expect(desk.kept).toEqual([])
    const { id, size } = await desk.upload('ann', 'broken', bytes)
    expect([size, desk.kept]).toEqual([1_000_000, [id]])
  })

  test('[F155] a name is a name: no folders, nothing that controls or turns text, and no longer than file systems take', async () => {
    const desk = await FileDesk.start()
    const conversation = await pair(desk)
    const names: Record<string, string> = {
      '../../etc/passwd': 'passwd',
      'C:\\Users\\ann\\report.pdf': 'report.pdf',
      'invoice\u202efdp.exe': 'invoicefdp.exe',
      'a\r\nSet-Cookie: x=1\u0000.txt': 'aSet-Cookie_ x=1.txt',
      '...': 'file',
      '': 'file',
      ' .hidden. ': 'hidden',
      [`${'é'.repeat(400)}.jpeg`]: `${'é'.repeat(97)}.jpeg`,
      'half \ud800 pair.txt': 'half \ufffd pair.txt',
    }
    for (const [given, expected] of Object.entries(names)) expect(fileName(given)).toBe(expected)
    const { file } = await desk.share('ann', conversation, 'a\r\nSet-Cookie: x=1.txt', 'words')
    const { headers } = await desk.get('bob', file.id)
    expect(headers.get('content-disposition')).toContain('filename="aSet-Cookie_ x=1.txt"')
    expect(headers.get('set-cookie')).toBeNull()
  })
})
