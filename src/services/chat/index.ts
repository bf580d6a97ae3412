export { openPushes } from './push/index.ts'
export { type ChatOptions, chatService } from './service.ts'
