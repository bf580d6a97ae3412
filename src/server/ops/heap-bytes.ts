/**
 * Memory of JavaScript objects. What the runtime calls used counts memory outside of the heap as well, some of it more than once: gigabytes
 * in a process of a hundred megabytes. Exact figures cost a pause.
 */
export function heapBytes(): number {
  const { heapTotal, heapUsed } = process.memoryUsage()
  return Math.min(heapTotal, heapUsed)
}
