import type { ServiceHost } from '../../service.ts'
import { openFiles } from './files/index.ts'
import { boundsOf, type ConfiguredChat, filesOf, pushOf } from './options/index.ts'
import { openPushes } from './push/index.ts'
import { type ChatOptions, startChat } from './service.ts'

/** Chat in the rows of the server, with files and pushes as configured, but for the parts that are given. */
export async function startConfigured(host: ServiceHost, options: ConfiguredChat, parts: ChatOptions): Promise<void> {
  const { store, random } = host
  const data = store.folder
  await startChat(host, store.sql, {
    bounds: boundsOf(options),
    openFiles: () => openFiles({ files: filesOf(options.files), data }, random),
    openPushes: surroundings => openPushes({ push: pushOf(options.push), data }, surroundings),
    ...parts,
  })
}
