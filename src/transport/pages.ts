import { safetyHeaders } from './safety-headers.ts'

/** Where the parts of pages are, each under a name that changes with its bytes. */
export const assetsPath = '/assets'

/** Everything comes from this server, nothing is inline, and nobody frames it: what is slipped into a page neither runs nor calls home. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

const pageHeaders = {
  ...safetyHeaders,
  'Content-Type': 'text/html;charset=utf-8',
  'Content-Security-Policy': contentSecurityPolicy,
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-cache',
} as const

const assetHeaders = {
  ...safetyHeaders,
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'public, max-age=31536000, immutable',
} as const

interface Asset {
  /** Requests that are not read share it. */
  readonly body: Blob
  readonly type: string
}

/** The pages of a server: bundled from their HTML files when they are first asked for, and served with the headers that keep them safe. */
export class Pages {
  readonly #pages = new Map<string, Promise<string>>()
  readonly #assets = new Map<string, Asset>()

  /** @param navigation what pages say of the places of this server, as a script reads it from `<meta name="navigation">` */
  constructor(readonly navigation: () => unknown) {}

  async answer(file: string, pathname: string): Promise<Response> {
    const page = this.#pages.get(file) ?? this.#bundle(file)
    this.#pages.set(file, page)
    const text = (await page).replaceAll(`"${assetsPath}/`, `"${relativeRoot(pathname)}${assetsPath.slice(1)}/`)
    const places = `<meta name="navigation" content="${attribute(JSON.stringify(this.navigation()))}">`
    return new Response(
      text.replace('</head>', () => `${places}</head>`),
      { headers: pageHeaders },
    )
  }

  /** Undefined for what no page has asked for. */
  asset(name: string): Response | undefined {
    const asset = this.#assets.get(name)
    return asset && new Response(asset.body, { headers: { ...assetHeaders, 'Content-Type': asset.type } })
  }

  /** @returns the text of the page */
  async #bundle(file: string): Promise<string> {
    const { outputs } = await Bun.build({
      entrypoints: [file],
      target: 'browser',
      minify: true,
      publicPath: `${assetsPath}/`,
      // Said here, so that it holds where the package is installed without its tsconfig.json.
      jsx: { runtime: 'automatic', importSource: 'preact' },
      define: { 'process.env.NODE_ENV': '"production"' },
    })
    let text: string | undefined
    for (const output of outputs) {
      const name = output.path.replace(/^.*\//, '')
      if (output.type.startsWith('text/html')) text = await output.text()
      else this.#assets.set(name, { body: new Blob([await output.arrayBuffer()]), type: output.type })
    }
    if (text === undefined) throw new Error(`${file} was bundled into no page`)
    return text
  }
}

function attribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
}

/** From a page back to the root, so that assets are found behind a proxy that puts the server below a path of its own. */
function relativeRoot(pathname: string): string {
  return '../'.repeat(pathname.split('/').length - 2)
}
