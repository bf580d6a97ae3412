/** Files in messages, as the server, the client layer and the page know them. */

/** `picture`, `video` and `audio` are shown where they are; a `file` can only be saved. */
export type FileKind = 'picture' | 'video' | 'audio' | 'file'

/** What the server found out about uploaded bytes. */
export interface UploadedFile {
  readonly id: string
  readonly kind: FileKind
  /** The media type, of what is shown; `application/octet-stream` of all else. */
  readonly type: string
  readonly size: number
  /** Pixels of a picture, as it is to be seen. */
  readonly width?: number
  readonly height?: number
}

/** A file in a message. */
export interface SharedFile extends UploadedFile {
  readonly name: string
  /** A description for users who cannot see or hear it. */
  readonly alt?: string
}

/** How a message names the files that it carries. */
export interface FileReference {
  readonly id: string
  readonly name: string
  readonly alt?: string | undefined
}

/** The path of a file without a token, until `expires`. A picture's small form is below it at `/small`, before the `?`. */
export interface FileLink {
  readonly file: string
  readonly path: string
  readonly expires: number
}

/** UTF-8 bytes of a file's name: file systems take 255, and browsers add ` (1)`. */
const nameBytesMax = 200

/**
 * A name that says what it looks like, and names a file and not a place: no folders, nothing that controls or turns text, no blanks and dots at
 * its ends. Shortened in front of its ending.
 */
export function fileName(given: string): string {
  const last = given.toWellFormed().normalize('NFC').split(/[/\\]/u).at(-1) ?? ''
  const plain = last
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu, '')
    .replace(/[<>:"|?*]/gu, '_')
    .replace(/\s+/gu, ' ')
    .replace(/^[ .]+|[ .]+$/gu, '')
  return shortened(plain) || 'file'
}

function shortened(name: string): string {
  if (bytesOf(name) <= nameBytesMax) return name
  const ending = /\.[^. ]{1,16}$/u.exec(name)?.[0] ?? ''
  const kept = [...name.slice(0, name.length - ending.length)]
  let bytes = bytesOf(ending)
  const end = kept.findIndex(character => {
    bytes += bytesOf(character)
    return bytes > nameBytesMax
  })
  return `${kept
    .slice(0, end === -1 ? kept.length : end)
    .join('')
    .trimEnd()}${ending}`
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).byteLength
}

/** Files in a line, where they are all that is said: "📷 Photo", "📄 report.pdf", "📷 3 photos". */
function filesLine(files: readonly Pick<SharedFile, 'kind' | 'name'>[]): string {
  const [first] = files
  if (first === undefined) return ''
  const { sign, one, many } = words[files.every(({ kind }) => kind === first.kind) ? first.kind : 'file']
  if (files.length > 1) return `${sign} ${files.length} ${many}`
  return `${sign} ${first.kind === 'file' ? first.name : one}`
}

/** The same with what is said of them: "📷 At the beach". */
export function captionedLine(files: readonly Pick<SharedFile, 'kind' | 'name'>[], caption = ''): string {
  return caption === '' ? filesLine(files) : `${words[files[0]?.kind ?? 'file'].sign} ${caption}`
}

const words: Readonly<Record<FileKind, { readonly sign: string; readonly one: string; readonly many: string }>> = {
  picture: { sign: '📷', one: 'Photo', many: 'photos' },
  video: { sign: '🎥', one: 'Video', many: 'videos' },
  audio: { sign: '🎵', one: 'Audio', many: 'recordings' },
  file: { sign: '📄', one: 'File', many: 'files' },
}
