import { z } from 'zod'

/** One node of a filter by tags as it comes from a client: a comparison, or `op` with others below it. What fits together is checked where it is used. */
export interface FilterNode {
  readonly op?: string | undefined
  readonly key?: string | undefined
  readonly cmp?: string | undefined
  readonly val?: string | undefined
  readonly vals?: readonly string[] | undefined
  readonly nodes?: readonly FilterNode[] | undefined
}

const nodeSchema: z.ZodType<FilterNode> = z.object({
  op: z.string().optional(),
  key: z.string().optional(),
  cmp: z.string().optional(),
  val: z.string().optional(),
  vals: z.array(z.string()).optional(),
  nodes: z.array(z.lazy(() => nodeSchema)).optional(),
})

/**
 * Reads a filter where there is one. It stands behind a function since a schema that holds itself makes zod keep account of every object that
 * a schema around it parses: two weak maps for each subscribe, almost none of which has a filter.
 */
export const filterNodeSchema = z.unknown().transform((value, context): FilterNode => {
  const read = nodeSchema.safeParse(value)
  if (read.success) return read.data
  for (const issue of read.error.issues) context.issues.push({ ...issue, code: 'custom', input: value })
  return z.NEVER
})
