// Every service that ships, a line each.
export { chat } from '../services/chat/index.ts'
export { sports } from '../services/sports/index.ts'
