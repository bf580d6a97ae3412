export { addFileCommands, references } from './commands.ts'
export { type FileSettings, Files } from './files.ts'
export { openFiles } from './open-files.ts'
