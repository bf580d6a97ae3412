import { runCommand } from './core/command.ts'
import { workloads } from './workloads/index.ts'

process.exitCode = runCommand(workloads, process.argv.slice(2), line => console.log(line))
