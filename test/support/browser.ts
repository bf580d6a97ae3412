import { chromium, type Browser as Launched, type Page } from 'playwright-core'
import { pathOf } from './tools.ts'

/** A headless Chromium with a page or more, and what went wrong in them. */
export class Browser implements AsyncDisposable {
  /** Exceptions that no page caught. */
  readonly errors: string[] = []

  constructor(readonly launched: Launched) {}

  static async launch(): Promise<Browser> {
    const args = ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-gpu']
    return new Browser(await chromium.launch({ executablePath: pathOf('chromium'), headless: true, args }))
  }

  async open(url: string): Promise<Page> {
    const page = await this.launched.newPage()
    page.on('pageerror', error => this.errors.push(error.message))
    await page.goto(url)
    return page
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.launched.close()
  }
}
