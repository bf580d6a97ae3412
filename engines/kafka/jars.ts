import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError } from '../engine-error.ts'
import { enginesFolder } from '../folder.ts'
import { withLock } from '../lock.ts'
import { programPath } from '../programs.ts'
import { type Say, withProgress } from '../progress.ts'

/** Of `pom.xml`. */
const version = '4.4.0'
const pom = join(import.meta.dir, 'pom.xml')
const lastOutput = 2_000

function jarsFolder(): string {
  return join(enginesFolder(), `kafka-${version}`)
}

export function hasJars(): boolean {
  return existsSync(jarsFolder())
}

/** The folder of Kafka's jars, which Maven fetches once: 45 files of 43 MB. */
export async function kafkaJars(say: Say): Promise<string> {
  const folder = jarsFolder()
  if (hasJars()) return folder
  await withLock(`${folder}.lock`, async () => {
    // Somebody else may have fetched them meanwhile.
    if (!hasJars()) await fetchJars(folder, say)
  })
  return folder
}

async function fetchJars(folder: string, say: Say): Promise<void> {
  const maven = programPath('mvn')
  const part = `${folder}.part`
  rmSync(part, { recursive: true, force: true })
  mkdirSync(part, { mode: 0o755 })
  const command = [maven, '-B', '-f', pom, 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${part}`]
  await withProgress(`Fetching Kafka ${version} by Maven, once (43 MB)`, say, async note => {
    const fetching = Bun.spawn(command, { cwd: part, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
    let output = ''
    const decoder = new TextDecoder()
    for await (const chunk of fetching.stdout) {
      const text = decoder.decode(chunk, { stream: true })
      output = (output + text).slice(-lastOutput)
      const last = [...text.matchAll(/(?:Downloaded|Copying)[^\n]*?([\w.-]+\.jar)/g)].at(-1)?.[1]
      if (last !== undefined) note(last)
    }
    if ((await fetching.exited) !== 0)
      throw new EngineError(`Maven did not fetch Kafka:\n${output}${await new Response(fetching.stderr).text()}`)
  })
  // Nobody sees the folder before it is whole.
  renameSync(part, folder)
}
