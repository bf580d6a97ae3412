import { expect } from 'bun:test'
import { type BrowserContext, chromium, type Browser as Launched, type Page } from 'playwright-core'
import { eventually } from '../eventually.ts'
import { pathOf } from '../tools.ts'
import { deadlineMs } from '../until.ts'

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
    return slowness > 1 ? slowedDown(context) : context
  }
  return launched
}

/** How many times slower than the machine the pages compute: where they are slow, a test that looks at one too early shows itself. */
const slowness = Number(process.env.SLOW_PAGES ?? 1)

function slowedDown(context: BrowserContext): BrowserContext {
  const newPage = context.newPage.bind(context)
  context.newPage = async () => {
    const page = await newPage()
    const session = await context.newCDPSession(page)
    await session.send('Emulation.setCPUThrottlingRate', { rate: slowness })
    return page
  }
  return context
}

/** Waits until nothing of a page is wider than its window. */
export async function fits(page: Page): Promise<void> {
  const width = page.viewportSize()?.width ?? Number.NaN
  await eventually(
    () => page.evaluate(() => document.documentElement.scrollWidth),
    (value: number) => expect(value).toBeLessThanOrEqual(width),
  )
}
