import { runCommand } from './command.ts'
import { processTerminal } from './terminal.ts'

// What a server keeps (messages, secrets, histories) is for its own user alone; programs that it starts inherit this.
process.umask(0o077)

process.exit(await runCommand(process.argv.slice(2), processTerminal))
