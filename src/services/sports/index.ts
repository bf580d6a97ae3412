export { sports, sportsWith } from './definition.ts'
export type { SportsOptions } from './service.ts'
