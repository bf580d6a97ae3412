import type { z } from 'zod'
import { formatDuration } from '../../../kit/index.ts'
import { option, type ReportProblem } from '../../../service.ts'

const mebibyte = 1024 * 1024
const gibibyte = 1024 * mebibyte
const hour = 3_600_000

/** Bounds of the files that messages carry. */
export interface FileBounds {
  /** Bytes of one file. Beyond: 413. */
  readonly bytesMax: number
  /** Bytes that one user, and all users of a store together, keep here. Beyond: 413 `quota_exceeded`. */
  readonly userBytesMax: number
  readonly allBytesMax: number
  /** Uploads of one user. Beyond: 429 with the time to wait. */
  readonly uploadRate: { readonly perSecond: number; readonly burst: number }
  /** How long what was uploaded waits for the message that carries it. */
  readonly unsentMs: number
}

export const fileDefaults: FileBounds = {
  bytesMax: 64 * mebibyte,
  userBytesMax: 2 * gibibyte,
  allBytesMax: 50 * gibibyte,
  uploadRate: { perSecond: 1, burst: 30 },
  unsentMs: 24 * hour,
}

/** Where the bytes are. */
export type FilePlace =
  | { readonly kind: 'folder' }
  | {
      readonly kind: 's3'
      readonly endpoint: string
      readonly bucket: string
      readonly region: string | undefined
      readonly accessKeyId: string
      readonly secretAccessKey: string
      readonly prefix: string
    }

export interface FileConfig {
  readonly enabled: boolean
  readonly bounds: FileBounds
  readonly place: FilePlace
}

export const fileOptions = option.group({
  enabled: option.flag('Lets messages carry pictures and files.', true),
  size_limit: option.integer('Bytes of one file. Beyond: 413. Relays pass on what their own allows.', fileDefaults.bytesMax, 1024),
  user_quota: option.integer('Bytes of all files of one user. Beyond: 413 `quota_exceeded`.', fileDefaults.userBytesMax, 1024, 2 ** 50),
  quota: option.integer('Bytes of all files together. Beyond: 413 `quota_exceeded`.', fileDefaults.allBytesMax, 1024, 2 ** 50),
  upload_rate: option
    .group({
      per_second: option.integer('Uploads of one user: how many a second, sustained.', fileDefaults.uploadRate.perSecond, 1, 1_000_000),
      burst: option.integer('Uploads of one user: how many at once.', fileDefaults.uploadRate.burst, 1, 1_000_000),
    })
    .prefault({}),
  unsent_ttl: option.duration('How long an uploaded file waits for the message that carries it.', formatDuration(fileDefaults.unsentMs), {
    minMs: 60_000,
  }),
  s3: option
    .group({
      endpoint: option
        .text(
          'A store that speaks S3, such as `https://s3.eu-central-1.amazonaws.com`. Without one, files are in `files` in the data folder.',
          {
            phrase: 'an http or https URL',
            pattern: /^https?:\/\/[^\s/]+/,
            type: 'URL',
            neverEmpty: true,
            otherwise: 'none',
          },
        )
        .optional(),
      bucket: option.text('The bucket, which must be there.', { neverEmpty: true, otherwise: 'none' }).optional(),
      region: option.text('Its region, where the store asks for one.', { otherwise: 'that of the endpoint' }).optional(),
      access_key_id: option.text('Who the server is there.', { neverEmpty: true, otherwise: 'none' }).optional(),
      secret_access_key: option.secretText('The secret that goes with it.', 'none'),
      prefix: option
        .text('In front of the name of every file, so that several may share a bucket: `chat/`.', {
          phrase: 'a text of letters, digits and "/._-"',
          pattern: /^[\w./-]{0,256}$/,
          otherwise: 'none',
        })
        .optional(),
    })
    .prefault({}),
})

type FileSettings = z.output<typeof fileOptions>

export function filesOf(given: FileSettings): FileConfig {
  const { per_second: perSecond, burst } = given.upload_rate
  const { size_limit: bytesMax, user_quota: userBytesMax, quota: allBytesMax, unsent_ttl: unsentMs } = given
  return {
    enabled: given.enabled,
    bounds: { bytesMax, userBytesMax, allBytesMax, uploadRate: { perSecond, burst }, unsentMs },
    place: placeOf(given.s3),
  }
}

function placeOf({ endpoint, bucket, region, access_key_id, secret_access_key, prefix }: FileSettings['s3']): FilePlace {
  if (endpoint === undefined || bucket === undefined || access_key_id === undefined || secret_access_key === undefined)
    return { kind: 'folder' }
  const keys = { accessKeyId: access_key_id, secretAccessKey: secret_access_key }
  return { kind: 's3', endpoint, bucket, region, ...keys, prefix: prefix ?? '' }
}

/** Options that do not fit together. */
export function checkFiles(given: FileSettings, complain: ReportProblem): void {
  const { s3, size_limit, user_quota, quota } = given
  const named = (['endpoint', 'bucket', 'access_key_id', 'secret_access_key'] as const).map(name => [name, s3[name]] as const)
  const first = named.find(([, value]) => value !== undefined)?.[0]
  for (const [name, value] of named)
    if (value === undefined && first !== undefined) complain(`chat.files.s3.${name}`, `missing beside chat.files.s3.${first}`)
  if (s3.endpoint !== undefined && URL.parse(s3.endpoint) === null) complain('chat.files.s3.endpoint', 'expected an http or https URL')
  if (user_quota < size_limit) complain('chat.files.user_quota', 'must be at least chat.files.size_limit', ['chat.files.size_limit'])
  if (quota < user_quota) complain('chat.files.quota', 'must be at least chat.files.user_quota', ['chat.files.user_quota'])
}
