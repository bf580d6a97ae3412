export type { ByteRange, FileStore } from './file-store.ts'
export { FolderFiles, writeWhole } from './folder-files.ts'
export { S3Files } from './s3-files.ts'
