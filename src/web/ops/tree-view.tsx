import { shortCount } from '../figures.ts'
import { fanOutText, type Level, levelsOf, pruned, type TreeNode } from './tree.ts'
import { boxSize, type Drawing, layOut } from './tree-layout.ts'

/** Who feeds whom, what goes over each hop, and what one goal costs: drawn where there is room, as a list where there is not. */
export function TreeView({ tree }: { readonly tree: TreeNode | undefined }) {
  return (
    <section class="panel wide tree" aria-label="Nodes">
      <h2 class="panel-title">Nodes</h2>
      {tree === undefined ? <p class="none">No node has reported yet.</p> : <Tree tree={tree} />}
    </section>
  )
}

function Tree({ tree }: { readonly tree: TreeNode }) {
  const levels = levelsOf(tree)
  const shown = pruned(tree)
  const viewers = tree.viewers + tree.viewersBelow
  return (
    <>
      <p class="fan-out">
        <strong class="numeral">{fanOutText(levels)}</strong>
        <span>
          whatever the number of viewers. Now {viewers === 1 ? 'there is 1' : `there are ${shortCount(viewers)}`}, each served by the node
          that it is connected to.
        </span>
      </p>
      <Picture drawing={layOut(shown)} levels={levels} />
      <ul class="tree-list">
        <Item node={shown} />
      </ul>
    </>
  )
}

function Picture({
  drawing: { width, height, boxes, lines, columns },
  levels,
}: {
  readonly drawing: Drawing
  readonly levels: readonly Level[]
}) {
  return (
    <svg class="tree-picture" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={levels.map(levelText).join(', ')}>
      {lines.map(({ path, isBusy }) => (
        <path key={path} class="tree-line" d={path} data-busy={isBusy} />
      ))}
      {columns.map((x, depth) => (
        <Heading key={x} x={x} level={levels[depth]} above={levels[depth - 1]} />
      ))}
      {boxes.map(({ node, x, y }) => (
        <g key={`${x} ${y}`} class="tree-box" data-role={node.role} transform={`translate(${x} ${y})`}>
          <rect width={boxSize.width} height={boxSize.height} rx="12" />
          <circle cx="17" cy="20" r="4.5" />
          <text class="tree-name" x="29" y="24.5">
            {shortened(node.name)}
          </text>
          <text class="tree-place" x={boxSize.width - 12} y="24.5" text-anchor="end">
            {shortened(node.region === '' ? node.role : node.region)}
          </text>
          <text class="tree-figures" x="12" y="45">
            {viewersText(node)}
          </text>
          <text class="tree-figures" x={boxSize.width - 12} y="45" text-anchor="end">
            {rateText(node.children.length === 0 ? node.perSecond.delivered : node.perSecond.relayed)}
          </text>
        </g>
      ))}
    </svg>
  )
}

/** What a level is, and what comes into it and out of it. */
function Heading({ x, level, above }: { readonly x: number; readonly level: Level | undefined; readonly above: Level | undefined }) {
  if (level === undefined) return null
  const into = above === undefined ? `${rateText(level.publishedPerSecond)} published` : `${rateText(above.relayedPerSecond)} in`
  const out = level.viewers === 0 && level.deliveredPerSecond === 0 ? [] : [`${rateText(level.deliveredPerSecond)} to viewers`]
  return (
    <g class="tree-heading">
      <text x={x} y="14">
        {levelText(level)}
      </text>
      <text class="tree-rate" x={x} y="32">
        {[into, ...out].join(', ')}
      </text>
    </g>
  )
}

function Item({ node }: { readonly node: TreeNode }) {
  const { name, role, region, viewers, perSecond, children } = node
  const toViewers = viewers > 0 || children.length === 0 ? [`${rateText(perSecond.delivered)} to them`] : []
  const toNodes = children.length === 0 ? [] : [`${rateText(perSecond.relayed)} to nodes`]
  return (
    <li data-role={role}>
      <p>
        <b>{name}</b> <span class="tree-place">{[role, region].filter(text => text !== '').join(', ')}</span>
      </p>
      <p class="numeral">{[viewersText(node), ...toViewers, ...toNodes].join(', ')}</p>
      {children.length === 0 ? null : (
        <ul>
          {children.map(child => (
            <Item key={child.name} node={child} />
          ))}
        </ul>
      )}
    </li>
  )
}

/** A name and a region stand side by side in a box. */
const textMax = 11

function shortened(text: string): string {
  return text.length <= textMax ? text : `${text.slice(0, textMax - 1)}…`
}

const plurals: Readonly<Record<string, readonly [one: string, many: string]>> = {
  central: ['central node', 'central nodes'],
  regional: ['regional node', 'regional nodes'],
  edge: ['edge', 'edges'],
  worker: ['worker', 'workers'],
}

function levelText({ nodes, role }: Level): string {
  const [one, many] = plurals[role] ?? ['node', 'nodes']
  return `${nodes.toLocaleString('en')} ${nodes === 1 ? one : many}`
}

function viewersText({ viewers, viewersBelow, children }: TreeNode): string {
  const own = viewers === 1 ? '1 viewer' : `${shortCount(viewers)} viewers`
  if (children.length === 0) return own
  return viewers === 0 ? `${shortCount(viewersBelow)} below` : `${own}, ${shortCount(viewersBelow)} below`
}

/** A rate below ten keeps one figure behind the point, as it is a mean over seconds. */
function rateText(perSecond: number): string {
  return `${shortCount(perSecond < 10 ? Math.round(perSecond * 10) / 10 : Math.round(perSecond))}/s`
}
