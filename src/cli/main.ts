import { runCommand } from './command.ts'
import { processTerminal } from './terminal.ts'

process.exit(await runCommand(process.argv.slice(2), processTerminal))
