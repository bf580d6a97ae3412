export { SqliteHistory } from './sqlite-history.ts'
export { migrate, openTables } from './tables.ts'
