import { join } from 'node:path'
import type { Random } from '../../../kit/index.ts'
import { type FileStore, FolderFiles, S3Files } from '../../../service.ts'
import type { FileConfig } from '../options/index.ts'
import type { FileSettings } from './files.ts'

/** Opens the place of files that the configuration names; undefined where messages carry none. */
export async function openFiles(
  { files, data }: { readonly files: FileConfig; readonly data: string },
  random: Random,
): Promise<FileSettings | undefined> {
  if (!files.enabled) return undefined
  const { place, bounds } = files
  const store: FileStore = place.kind === 's3' ? new S3Files(place) : await FolderFiles.open(join(data, 'files'), random)
  return { store, spool: join(data, 'uploads'), bounds }
}
