import type { z } from 'zod'
import { option } from '../../../service.ts'
import { boundOptions } from './bounds.ts'
import { fileOptions } from './files.ts'
import { pushOptions } from './push.ts'

/** Everything that an operator may say of chat. */
export const chatOptions = option.group({ ...boundOptions, files: fileOptions.prefault({}), push: pushOptions.prefault({}) })

export type ConfiguredChat = z.output<typeof chatOptions>

export { boundsOf, type ChatBounds, chatDefaults } from './bounds.ts'
export { checkFiles, type FileBounds, type FileConfig, fileDefaults, filesOf } from './files.ts'
export { checkPush, type PushConfig, pushOf, pushOptions } from './push.ts'
