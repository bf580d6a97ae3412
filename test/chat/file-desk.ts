import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { seededRandom } from '../../src/kit/index.ts'
import { chatWith, type FileBounds, fileDefaults } from '../../src/services/chat/index.ts'
import type { UploadedFile } from '../../src/services/chat/model/file.ts'
import type { ChatCommands } from '../../src/services/chat/model/wire.ts'
import { type FileStore, FolderFiles, openSql, type Sql } from '../../src/store/index.ts'
import { atEnd, Folder, testServer, userToken } from '../kit/api.ts'
import { generous } from './chat-pair.ts'

const rates = { uploadRate: { perSecond: 1_000, burst: 1_000 } }

/** A place of files in a folder that goes with the test. */
export async function folderOfFiles(bounds: Partial<FileBounds> = {}) {
  const folder = new Folder()
  atEnd(() => folder[Symbol.dispose]())
  const store = await FolderFiles.open(join(folder.path, 'files'), seededRandom(7400))
  const settings = { store: store as FileStore, spool: join(folder.path, 'uploads'), bounds: { ...fileDefaults, ...rates, ...bounds } }
  return { folder, settings, openFiles: async () => settings }
}

/** A server whose messages carry files, and what one asks of it over HTTP. */
export class FileDesk {
  constructor(
    readonly server: { readonly url: string },
    readonly path: string,
  ) {}

  static async start(
    bounds: Partial<FileBounds> = {},
    openRows: () => Promise<Sql> = () => openSql('sqlite::memory:'),
    prepare: (store: FileStore) => void = () => undefined,
  ): Promise<FileDesk> {
    const { folder, settings, openFiles } = await folderOfFiles(bounds)
    prepare(settings.store)
    const server = await testServer({}, { services: [chatWith({ openSql: openRows, openFiles, bounds: generous })] })
    return new FileDesk(server, folder.path)
  }

  async call<K extends keyof ChatCommands>(user: string, method: K, data: ChatCommands[K]['in']): Promise<ChatCommands[K]['out']> {
    const headers = { Authorization: `Bearer ${await userToken(user)}`, 'Content-Type': 'application/json' }
    const response = await fetch(`${this.server.url}/rpc/${method}`, { method: 'POST', headers, body: JSON.stringify(data) })
    const answer = await response.json()
    if (!response.ok) throw new Error(`${response.status} ${answer.error.message}`)
    return answer
  }

  async put(user: string, cid: string, bytes: BodyInit): Promise<Response> {
    const headers: Record<string, string> = user === '' ? {} : { Authorization: `Bearer ${await userToken(user)}` }
    return fetch(`${this.server.url}/chat/uploads/${encodeURIComponent(cid)}`, { method: 'PUT', headers, body: bytes })
  }

  /** Uploads something that is to be taken. */
  async upload(user: string, cid: string, bytes: BodyInit): Promise<UploadedFile> {
    const response = await this.put(user, cid, bytes)
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
    return response.json()
  }

  /** Uploads a file and sends it, by itself. */
  async share(user: string, conversation: string, name: string, bytes: BodyInit, cid = `${user}-${name}`.replace(/[^\w.-]/g, '_')) {
    const file = await this.upload(user, cid.slice(0, 60), bytes)
    const sent = await this.call(user, 'chat.send', {
      conversation,
      cid: cid.slice(0, 60),
      device: 'phone',
      files: [{ id: file.id, name }],
    })
    return { ...sent, file }
  }

  async link(user: string, file: string): Promise<string> {
    const { links } = await this.call(user, 'chat.links', { files: [file] })
    return `${this.server.url}${links[0]?.path}`
  }

  /** A file as somebody gets it by a link of their own. */
  async get(user: string, file: string, headers: Record<string, string> = {}, part = ''): Promise<Response> {
    return fetch((await this.link(user, file)).replace('?', `${part}?`), { headers })
  }

  async status(user: string, file: string): Promise<number> {
    const response = await this.get(user, file)
    await response.arrayBuffer()
    return response.status
  }

  /** Names of everything that lies in the place of files, and of what is on its way. */
  get kept(): string[] {
    return this.#within('files')
  }

  get arriving(): string[] {
    return [...this.#within('uploads'), ...this.#within('files').filter(name => name.startsWith('arriving/'))]
  }

  #within(folder: string): string[] {
    const entries = readdirSync(join(this.path, folder), { recursive: true, withFileTypes: true })
    return entries.filter(entry => entry.isFile()).map(entry => entry.name)
  }
}

/** A picture as a phone makes it: it says where it was taken, and lies on its side. */
export async function photo(width = 1200, height = 800): Promise<Uint8Array<ArrayBuffer>> {
  const exif = {
    IFD0: { Make: 'Phone' },
    IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1', GPSLongitudeRef: 'W', GPSLongitude: '0/1 7/1 0/1' },
  }
  const made = sharp({ create: { width, height, channels: 3, background: '#c2571a' } })
  return new Uint8Array(await made.withExif(exif).withMetadata({ orientation: 6 }).jpeg().toBuffer())
}
