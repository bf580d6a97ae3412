import { CommandError } from '../../../protocol/index.ts'
import type { ByteRange, FileStore } from '../../../service.ts'
import { chatErrors } from '../model/wire.ts'
import type { FileRow } from '../store/index.ts'
import { smallKey } from './uploads.ts'

/** Types that may be shown in place; everything else is saved. */
const inlineKinds: ReadonlySet<string> = new Set(['picture', 'video', 'audio'])

/**
 * Of whatever users upload: it is what it is said to be, runs nothing, is framed by nobody, and stays in the browser of whoever asked. Pages of allowed
 * origins may show it, since without a link of one's own there is nothing to be had.
 */
const fileHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'Referrer-Policy': 'no-referrer',
  'Accept-Ranges': 'bytes',
} as const

/** No longer than a link lasts; a file never changes. */
const cacheControl = 'private, max-age=1200, immutable'

export interface Wanted {
  readonly form: 'whole' | 'small'
  /** To be saved, whatever it is. */
  readonly isSaved: boolean
}

/** The answer to who asks for a file that they may have. @throws CommandError 404 where its bytes are gone, 416 for a range that it has not */
export async function serveFile(
  store: FileStore,
  file: FileRow & { readonly name: string },
  { form, isSaved }: Wanted,
  request: Request,
): Promise<Response> {
  const isSmall = form === 'small'
  if (isSmall && file.small === 0) throw new CommandError(chatErrors.notFound, 'it has no small form')
  const size = isSmall ? file.small : file.size
  const range = isSmall ? undefined : rangeOf(request.headers.get('range'), size)
  const disposition = !isSaved && inlineKinds.has(file.kind) ? 'inline' : 'attachment'
  const headers: Record<string, string> = {
    ...fileHeaders,
    'Content-Type': isSmall ? 'image/webp' : file.type,
    'Content-Disposition': `${disposition}; ${nameParameters(isSmall ? `${file.name}.webp` : file.name)}`,
    'Cache-Control': cacheControl,
    ETag: `"${isSmall ? smallKey(file.id) : file.id}"`,
    'Content-Length': String(range === undefined ? size : range.to - range.from + 1),
    ...(range === undefined ? {} : { 'Content-Range': `bytes ${range.from}-${range.to}/${size}` }),
  }
  const status = range === undefined ? 200 : 206
  if (request.method === 'HEAD') return new Response(null, { status, headers })
  const body = await store.get(isSmall ? smallKey(file.id) : file.id, range)
  if (body === undefined) throw new CommandError(chatErrors.notFound, 'no such file')
  return new Response(body, { status, headers })
}

/** One range; several at once are answered with all of it, as RFC 9110 allows. @throws CommandError 416 */
export function rangeOf(header: string | null, size: number): ByteRange | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (first === '' && last === '') return undefined
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const to = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (from > to) throw new CommandError({ code: 416, message: 'range_not_satisfiable' }, `it has ${size} bytes`)
  return { from, to }
}

/** In ASCII, and as it is (RFC 6266, RFC 8187). */
export function nameParameters(name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_')
  const encoded = encodeURIComponent(name).replace(/['()*]/g, unit => `%${unit.charCodeAt(0).toString(16).toUpperCase()}`)
  return `filename="${plain}"; filename*=UTF-8''${encoded}`
}
