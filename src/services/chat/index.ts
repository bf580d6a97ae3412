export { chat, chatWith } from './definition.ts'
export { type ChatBounds, chatDefaults, type FileBounds, fileDefaults } from './options/index.ts'
export type { ChatOptions } from './service.ts'
