import { existsSync } from 'node:fs'
import { findProgram } from '../../engines/index.ts'

/** Programs that tests drive where they are installed; where one is not, its tests are skipped aloud, and counted. */
const tools = {
  chromium: find('CHROMIUM_PATH', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'),
  /** A server that speaks S3 (`pip install 'moto[server,s3]'`). */
  moto: find('MOTO_PATH', Bun.which('moto_server') ?? ''),
  curl: find('CURL_PATH', Bun.which('curl') ?? ''),
  nginx: find('NGINX_PATH', '/usr/sbin/nginx', Bun.which('nginx') ?? ''),
  varnishd: find('VARNISHD_PATH', '/usr/sbin/varnishd', Bun.which('varnishd') ?? ''),
  /** The server itself, beside which `initdb` stands; Debian has it outside of the PATH (`apt-get install -y postgresql`). */
  postgres: findProgram('postgres'),
  /** For Kafka. */
  java: findProgram('java'),
  mvn: findProgram('mvn'),
  openssl: findProgram('openssl'),
  haproxy: findProgram('haproxy'),
} as const

export type Tool = keyof typeof tools

function find(variable: string, ...paths: string[]): string | undefined {
  return [process.env[variable] ?? '', ...paths].find(path => path !== '' && existsSync(path))
}

/** Whether a tool is there; says so once for each test that goes without. */
export function lacks(tool: Tool, what: string): boolean {
  if (tools[tool] !== undefined) return false
  console.log(`SKIP (no ${tool}): ${what}`)
  return true
}

/** The path of a tool that `lacks` has found. */
export function pathOf(tool: Tool): string {
  const path = tools[tool]
  if (path === undefined) throw new Error(`${tool} is not installed`)
  return path
}
