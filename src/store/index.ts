export { SqliteHistory } from './sqlite-history.ts'
