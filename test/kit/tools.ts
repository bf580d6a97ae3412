import { existsSync } from 'node:fs'
import { Glob } from 'bun'

/** Programs that tests drive where they are installed; where one is not, its tests are skipped aloud, and counted. */
export const tools = {
  chromium: find('CHROMIUM_PATH', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'),
  /** A server that speaks S3 (`pip install 'moto[server,s3]'`). */
  moto: find('MOTO_PATH', Bun.which('moto_server') ?? ''),
  curl: find('CURL_PATH', Bun.which('curl') ?? ''),
  nginx: find('NGINX_PATH', '/usr/sbin/nginx', Bun.which('nginx') ?? ''),
  varnishd: find('VARNISHD_PATH', '/usr/sbin/varnishd', Bun.which('varnishd') ?? ''),
  /** The server itself, beside which `initdb` stands; Debian has it outside of the PATH (`apt-get install -y postgresql`). */
  postgres: find('POSTGRES_PATH', ...debianPostgres(), Bun.which('postgres') ?? ''),
} as const

export type Tool = keyof typeof tools

function find(variable: string, ...paths: string[]): string | undefined {
  return [process.env[variable] ?? '', ...paths].find(path => path !== '' && existsSync(path))
}

/** The newest version first. */
function debianPostgres(): string[] {
  const folder = '/usr/lib/postgresql'
  if (!existsSync(folder)) return []
  const paths = [...new Glob('*/bin/postgres').scanSync({ cwd: folder, absolute: true, onlyFiles: false })]
  return paths.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
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
