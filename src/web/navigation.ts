import * as z from 'zod/mini'

const navigationSchema = z.array(z.object({ name: z.string(), path: z.string(), title: z.string(), about: z.string() }))

/** One service in the navigation: its name, its first page, and what it is. */
type NavigationEntry = z.infer<typeof navigationSchema>[number]

/** The services that run on the server of this page, as it wrote them into the page. */
export function navigation(): readonly NavigationEntry[] {
  const content = document.querySelector('meta[name="navigation"]')?.getAttribute('content')
  return content == null ? [] : navigationSchema.parse(JSON.parse(content))
}
