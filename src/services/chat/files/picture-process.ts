import { setPriority } from 'node:os'
import type { Sharp } from 'sharp'
import { limits } from './limits.ts'

/**
 * A process for one picture, as what decodes it is native code that meets a stranger's bytes: `picture-process.ts FROM TO SMALL` makes the picture
 * anew, without position, camera and whatever was hidden in it, and writes what it is as JSON.
 */
async function develop(from: string, to: string, small: string): Promise<void> {
  // Serving users comes first.
  setPriority(10)
  const sharp = await libraryOf()
  sharp.cache(false)
  sharp.concurrency(1)
  const opened = (animated: boolean) => sharp(from, { limitInputPixels: limits.pixelsMax, sequentialRead: true, animated }).autoOrient()
  const { pages = 1, hasAlpha, format } = await opened(false).metadata()
  const fitted = (image: Sharp, side: number) => image.resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true })
  const made = await encoded(fitted(opened(pages > 1), limits.sideMax), pages > 1 ? 'animation' : format, hasAlpha).toFile(to)
  await fitted(opened(false), limits.smallSideMax).webp({ quality: 72 }).toFile(small)
  const { width, height, pageHeight } = Object.assign({ pageHeight: undefined }, made)
  process.stdout.write(JSON.stringify({ type: `image/${made.format}`, width, height: pageHeight ?? height }))
}

/** Its native part is made for each platform, and may be none for this one. */
async function libraryOf(): Promise<typeof import('sharp').default> {
  try {
    return (await import('sharp')).default
  } catch {
    return process.exit(limits.noLibraryCode)
  }
}

/** Lossless pictures stay lossless; photos stay JPEG. */
function encoded(image: Sharp, format: string, hasAlpha: boolean): Sharp {
  if (format === 'png') return image.png({ compressionLevel: 8 })
  if (format === 'animation' || hasAlpha || format === 'webp') return image.webp({ quality: 85, effort: 3 })
  return image.jpeg({ quality: 85 })
}

const [from = '', to = '', small = ''] = process.argv.slice(2)
try {
  await develop(from, to, small)
} catch (error) {
  // What has no room is a picture all the same.
  process.exit(/write|space/i.test(String(error)) ? limits.noRoomCode : 1)
}
