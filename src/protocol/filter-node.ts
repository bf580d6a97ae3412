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

export const filterNodeSchema: z.ZodType<FilterNode> = z.object({
  op: z.string().optional(),
  key: z.string().optional(),
  cmp: z.string().optional(),
  val: z.string().optional(),
  vals: z.array(z.string()).optional(),
  nodes: z.array(z.lazy(() => filterNodeSchema)).optional(),
})
