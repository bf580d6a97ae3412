import { CommandError } from '../../../protocol/index.ts'
import type { Queries } from '../../../service.ts'
import { type FileKind, type FileReference, fileName, type SharedFile, type UploadedFile } from '../model/file.ts'
import { chatErrors } from '../model/wire.ts'
import { visibleTo } from './visible.ts'

/** A row of `chat_file`. */
export interface FileRow {
  readonly id: string
  readonly person: string
  readonly kind: FileKind
  readonly type: string
  readonly size: number
  readonly width: number
  readonly height: number
  /** Bytes of the small picture; 0 where there is none. */
  readonly small: number
  /** 0 while its bytes are on their way into the store. */
  readonly ready: number
}

/** `due` of what a message carries. */
const kept = 9_000_000_000_000_000

const bare = 'id, person, kind, type, size, width, height, small, ready'
const columns = 'f.id, f.person, f.kind, f.type, f.size, f.width, f.height, f.small, f.ready'

export async function findUpload(queries: Queries, person: string, cid: string): Promise<FileRow | undefined> {
  const [row] = await queries.all<FileRow>(
    `select ${columns} from chat_file f where f.person = ?1 and f.cid = ?2 and f.gone = 0`,
    person,
    cid,
  )
  return row
}

/** Takes the place of an upload, before its bytes are where they stay: what is not `ready` by `due` is swept. @returns whether it was free */
export async function beginUpload(queries: Queries, file: Omit<FileRow, 'ready'>, cid: string, due: number): Promise<boolean> {
  const { id, person, kind, type, size, width, height, small } = file
  const made = await queries.run(
    `insert into chat_file (id, person, cid, kind, type, size, width, height, small, due, ready, gone)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, 0) on conflict (person, cid) do nothing`,
    ...[id, person, cid, kind, type, size, width, height, small, due],
  )
  return made === 1
}

/** Its bytes are there. @returns false where it was swept meanwhile */
export async function finishUpload(queries: Queries, id: string, due: number): Promise<boolean> {
  return (await queries.run('update chat_file set ready = 1, due = ?2 where id = ?1 and gone = 0', id, due)) === 1
}

/** Bytes that one user keeps here, and all together. */
export async function bytesOf(queries: Queries, person: string): Promise<number> {
  const [row] = await queries.all<{ bytes: number }>(
    'select coalesce(sum(size + small), 0) as bytes from chat_file where person = ?1',
    person,
  )
  return Number(row?.bytes ?? 0)
}

export async function bytesOfAll(queries: Queries): Promise<number> {
  const [row] = await queries.all<{ bytes: number }>('select coalesce(sum(size + small), 0) as bytes from chat_file')
  return Number(row?.bytes ?? 0)
}

/** The files of a message that is being written, held for it. @throws CommandError 404 for what its author did not upload, or what was swept */
export async function holdFiles(tx: Queries, person: string, references: readonly FileReference[]): Promise<SharedFile[]> {
  const held: SharedFile[] = []
  for (const { id, name, alt } of references) {
    const [row] = await tx.all<FileRow>(
      `update chat_file set due = ${kept} where id = ?1 and person = ?2 and ready = 1 and gone = 0 returning ${bare}`,
      id,
      person,
    )
    if (row === undefined) throw new CommandError(chatErrors.notFound, `files: no such file of yours: ${id}`)
    held.push({ ...uploadOf(row), name: fileName(name), ...(alt === undefined || alt.trim() === '' ? {} : { alt: alt.trim() }) })
  }
  return held
}

/** Notes that a message carries them. */
export async function useFiles(tx: Queries, conversation: string, seq: number, files: readonly SharedFile[]): Promise<void> {
  for (const { id, name } of files)
    await tx.run(
      'insert into chat_file_use (file, conversation, seq, name) values (?1, ?2, ?3, ?4) on conflict do nothing',
      ...[id, conversation, seq, name],
    )
}

/** A message is gone: what it carried, and no other one does, is due. */
export async function releaseFiles(tx: Queries, conversation: string, seq: number, now: number): Promise<void> {
  const uses = await tx.all<{ file: string }>(
    'delete from chat_file_use where conversation = ?1 and seq = ?2 returning file',
    conversation,
    seq,
  )
  for (const { file } of uses)
    await tx.run(
      'update chat_file set due = ?2 where id = ?1 and not exists (select 1 from chat_file_use u where u.file = chat_file.id)',
      file,
      now,
    )
}

/** A file as somebody may have it: by a message that they can see. */
export async function fileFor(queries: Queries, person: string, id: string): Promise<(FileRow & { readonly name: string }) | undefined> {
  const [row] = await queries.all<FileRow & { readonly name: string }>(
    `select ${columns}, u.name from chat_file f join chat_file_use u on u.file = f.id
       join chat_entry e on e.conversation = u.conversation and e.seq = u.seq
     where f.id = ?1 and f.ready = 1 and f.gone = 0 and e.deleted = 0 and ${visibleTo('?2')} limit 1`,
    id,
    person,
  )
  return row
}

/** What could not be kept is nobody's, and its device may try again under the same id. */
export async function abandonUpload(queries: Queries, id: string): Promise<void> {
  await queries.run('update chat_file set gone = 1, cid = id, due = 0 where id = ?1', id)
}

/** Takes what is due out of everyone's sight. @returns some of those whose bytes are still to be deleted */
export async function takeDue(queries: Queries, now: number, limit: number): Promise<Pick<FileRow, 'id' | 'size' | 'small'>[]> {
  await queries.run('update chat_file set gone = 1, cid = id where due <= ?1 and gone = 0', now)
  return queries.all('select id, size, small from chat_file where gone = 1 and due <= ?1 order by due limit ?2', now, limit)
}

/** Its bytes are deleted. */
export async function forgetFile(queries: Queries, id: string): Promise<void> {
  await queries.run('delete from chat_file where id = ?1 and gone = 1', id)
}

/** What its author is told of it. */
export function uploadOf({ id, kind, type, size, width, height }: FileRow): UploadedFile {
  return { id, kind, type, size, ...(width > 0 ? { width, height } : {}) }
}
