export { openFiles } from './files/index.ts'
export { openPushes } from './push/index.ts'
export { type ChatOptions, chatService } from './service.ts'
