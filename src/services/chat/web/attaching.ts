import type { FileKind, Mention } from '../client/index.ts'
import { naming } from '../model/mentions.ts'
import type { Desk } from './desk.ts'
import { sizeText } from './file-words.ts'
import { trimmed } from './mention-draft.ts'

/** A file that was chosen and not sent. */
export interface FileDraft {
  readonly key: string
  readonly blob: Blob
  readonly name: string
  readonly kind: FileKind
  /** Of this page, for as long as it is shown. */
  readonly url: string
  readonly width?: number
  readonly height?: number
  readonly caption: string
  readonly mentions: readonly Mention[]
}

/** What is about to be sent to a conversation. */
export interface Attaching {
  readonly conversation: string
  readonly drafts: readonly FileDraft[]
  /** Key of the one that is shown large. */
  readonly shown: string
}

/** More at once nobody looks through. */
const draftsMax = 30

let drafted = 0

/** Shows files before they are sent, beside those that are shown already. */
export async function attach(desk: Desk, conversation: string, files: readonly File[]): Promise<void> {
  const { store } = desk
  const most = store.chat.files.bytesMax ?? Number.POSITIVE_INFINITY
  const taken = files.filter(({ size }) => size > 0 && size <= most)
  const large = files.find(({ size }) => size > most)
  if (large !== undefined) store.notify(`${large.name} is too large: a file may have ${sizeText(most)}.`, 'bad')
  else if (taken.length < files.length) store.notify('Empty files and folders cannot be sent.', 'bad')
  const drafts = await Promise.all(taken.map(draftOf))
  const before = desk.attaching.value?.conversation === conversation ? desk.attaching.value : undefined
  const all = [...(before?.drafts ?? []), ...drafts]
  const kept = all.slice(0, draftsMax)
  if (kept.length < all.length) store.notify(`${draftsMax} files at once are the most.`, 'bad')
  const shown = drafts[0]?.key ?? before?.shown
  if (shown === undefined) return
  for (const { url } of all.slice(draftsMax)) URL.revokeObjectURL(url)
  desk.attaching.value = { conversation, shown, drafts: kept }
}

export function changeCaption({ attaching }: Desk, key: string, caption: string, mentions: readonly Mention[]): void {
  const open = attaching.value
  if (open === undefined) return
  attaching.value = { ...open, drafts: open.drafts.map(draft => (draft.key === key ? { ...draft, caption, mentions } : draft)) }
}

export function showDraft({ attaching }: Desk, key: string): void {
  if (attaching.value !== undefined) attaching.value = { ...attaching.value, shown: key }
}

/** The last one closes what shows them. */
export function removeDraft(desk: Desk, key: string): void {
  const open = desk.attaching.value
  const index = open?.drafts.findIndex(draft => draft.key === key) ?? -1
  if (open === undefined || index < 0) return
  const drafts = open.drafts.filter(draft => draft.key !== key)
  const next = drafts[Math.min(index, drafts.length - 1)]
  URL.revokeObjectURL(open.drafts[index]?.url ?? '')
  desk.attaching.value = next === undefined ? undefined : { ...open, drafts, shown: open.shown === key ? next.key : open.shown }
  if (next === undefined) desk.focus.value++
}

export function dropAll(desk: Desk): void {
  for (const { url } of desk.attaching.value?.drafts ?? []) URL.revokeObjectURL(url)
  desk.attaching.value = undefined
  desk.focus.value++
}

/** Each file is a message of its own: so it can be answered, cancelled and deleted by itself. The first carries the answer that was begun. */
export function sendAll(desk: Desk): void {
  const open = desk.attaching.value
  if (open === undefined) return
  const { conversation } = open
  const { chat } = desk.store
  const writing = desk.writingIn(conversation)
  for (const [index, { blob, name, width, height, caption, mentions }] of open.drafts.entries()) {
    const words = trimmed(caption, mentions)
    const replyTo = index === 0 && writing.kind === 'reply' ? writing.item.seq : undefined
    chat.send(conversation, {
      files: [{ blob, name, ...(width === undefined || height === undefined ? {} : { width, height }) }],
      ...(words.text === '' ? {} : { text: words.text, ...naming(words.mentions) }),
      ...(replyTo === undefined ? {} : { replyTo }),
    })
  }
  if (writing.kind === 'reply') desk.writing.value = { kind: 'new' }
  dropAll(desk)
}

async function draftOf(file: File): Promise<FileDraft> {
  const [family] = file.type.split('/')
  const size = family === 'image' ? await pixelsOf(file) : undefined
  const kind = size === undefined ? (family === 'video' || family === 'audio' ? family : 'file') : 'picture'
  const draft = { key: `draft ${++drafted}`, blob: file, name: file.name, url: URL.createObjectURL(file), caption: '', mentions: [] }
  return { ...draft, kind, ...size }
}

/** As it is seen, turned as its camera was held; undefined of what this browser cannot show. */
async function pixelsOf(file: Blob): Promise<{ readonly width: number; readonly height: number } | undefined> {
  if (!/^image\/(?:jpeg|png|webp|gif|avif)$/.test(file.type)) return undefined
  try {
    const { width, height, close } = await createImageBitmap(file).then(bitmap => ({
      width: bitmap.width,
      height: bitmap.height,
      close: () => bitmap.close(),
    }))
    close()
    return { width, height }
  } catch {
    return undefined
  }
}
