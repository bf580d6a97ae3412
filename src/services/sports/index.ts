export { sports, sportsWith } from './definition.ts'
