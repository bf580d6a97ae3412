import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { Glob } from 'bun'
import { EngineError } from './engine-error.ts'

/** Programs that engines need and others install. */
const packages = {
  java: 'a Java runtime of version 17 or later (Debian: default-jdk-headless; or set JAVA_HOME)',
  mvn: 'Maven, which fetches Kafka once (Debian: maven)',
  postgres: 'Postgres (Debian: postgresql; or set POSTGRES_PATH)',
  openssl: 'OpenSSL (Debian: openssl)',
  nginx: 'nginx (Debian: nginx; or set NGINX_PATH)',
  haproxy: 'HAProxy (Debian: haproxy; or set HAPROXY_PATH)',
} as const

export type EngineProgram = keyof typeof packages

const javaMin = 17

/** @returns the path of a program, or undefined where it is not installed */
export function findProgram(program: EngineProgram): string | undefined {
  return candidates(program).find(path => path !== '' && existsSync(path))
}

export function programPath(program: EngineProgram): string {
  const path = findProgram(program)
  if (path === undefined) throw new EngineError(`"${program}" is missing: install ${packages[program]}`)
  return program === 'postgres' ? realpathSync(path) : path
}

/** The path of a Java that Kafka runs on. */
export function javaPath(): string {
  const java = programPath('java')
  const { stderr } = Bun.spawnSync([java, '-version'])
  const [, version = ''] = /version "(\d+)/.exec(`${stderr}`) ?? []
  if (Number(version) < javaMin) throw new EngineError(`${java} is version ${version || 'unknown'}: install ${packages.java}`)
  return java
}

function candidates(program: EngineProgram): string[] {
  const found = Bun.which(program) ?? ''
  switch (program) {
    case 'java':
      return [process.env.JAVA_HOME === undefined ? '' : join(process.env.JAVA_HOME, 'bin/java'), found]
    case 'postgres':
      return [process.env.POSTGRES_PATH ?? '', ...debianPostgres(), found]
    case 'haproxy':
      return [process.env.HAPROXY_PATH ?? '', '/usr/sbin/haproxy', found]
    case 'nginx':
      return [process.env.NGINX_PATH ?? '', '/usr/sbin/nginx', found]
    case 'mvn':
    case 'openssl':
      return [found]
  }
}

/** Debian keeps Postgres outside of the PATH, a folder a version. The newest version first. */
function debianPostgres(): string[] {
  const folder = '/usr/lib/postgresql'
  if (!existsSync(folder)) return []
  const paths = [...new Glob('*/bin/postgres').scanSync({ cwd: folder, absolute: true, onlyFiles: false })]
  return paths.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
}
