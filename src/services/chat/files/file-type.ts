import { fileTypeFromBuffer } from 'file-type'
import type { FileKind } from '../model/file.ts'

export interface FoundType {
  readonly kind: FileKind
  readonly type: string
}

/** A file that can only be saved has no type: no browser must find another in it. */
export const plainFile: FoundType = { kind: 'file', type: 'application/octet-stream' }

/**
 * What browsers show by themselves and cannot run. SVG and HTML are not among them, nor is anything that is told by its name or its sender alone.
 * Pictures are made anew before they are kept.
 */
const shown: Readonly<Record<Exclude<FileKind, 'file'>, readonly string[]>> = {
  picture: ['image/jpeg', 'image/png', 'image/apng', 'image/webp', 'image/gif', 'image/avif'],
  video: ['video/mp4', 'video/webm', 'video/quicktime'],
  audio: ['audio/mpeg', 'audio/mp4', 'audio/aac', 'audio/wav', 'audio/flac', 'audio/ogg', 'audio/webm'],
}

/** Names of the library that browsers do not know. */
const renamed: Readonly<Record<string, string>> = {
  'audio/x-m4a': 'audio/mp4',
  'audio/x-flac': 'audio/flac',
  'audio/ogg; codecs=opus': 'audio/ogg',
}

/** By its first bytes alone. */
export async function typeOf(beginning: Uint8Array): Promise<FoundType> {
  const { mime = '' } = (await fileTypeFromBuffer(beginning)) ?? {}
  const type = renamed[mime] ?? mime
  for (const kind of ['picture', 'video', 'audio'] as const) if (shown[kind].includes(type)) return { kind, type }
  return plainFile
}
