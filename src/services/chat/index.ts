export { type ChatOptions, chatService } from './service.ts'
