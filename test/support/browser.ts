import { chromium, type Browser as Launched, type Page } from 'playwright-core'
import { pathOf } from './tools.ts'
import { deadlineMs } from './until.ts'

/** A headless Chromium with a page or more, and what went wrong in them. */
export class Browser implements AsyncDisposable {
  /** Exceptions that no page caught. */
  readonly errors: string[] = []

  constructor(readonly launched: Launched) {}

  static async launch(): Promise<Browser> {
    return new Browser(await launchChromium())
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

/** Hidden pages of the browser's own, which every window would make ready: they cost as much as ours. Chromium adds them to Playwright's list. */
const withoutFeatures = ['PreloadTopChromeWebUI', 'WebUIOmniboxPopup', 'WebUIOmniboxAimPopup']

/** A headless Chromium whose pages wait as long as every test does, and not for the half minute of Playwright. */
export async function launchChromium(): Promise<Launched> {
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-gpu']
  const args = ['--no-sandbox', ...quiet, `--disable-features=${withoutFeatures.join()}`]
  const launched = await chromium.launch({ executablePath: pathOf('chromium'), headless: true, args, timeout: deadlineMs })
  const newContext = launched.newContext.bind(launched)
  launched.newContext = async options => {
    const context = await newContext(options)
    context.setDefaultTimeout(deadlineMs)
    return context
  }
  return launched
}
