import { Component, createRef } from 'preact'
import type { Desk } from './desk.ts'
import { MessageRowView } from './message-row.tsx'
import type { NearBlocks } from './near-blocks.ts'
import { membershipText } from './preview.ts'
import { type Block, type Row, sameRows } from './rows.ts'

interface BlockProps {
  readonly block: Block
  readonly desk: Desk
  readonly isGroup: boolean
  readonly near: NearBlocks | undefined
  /** Drawn wherever it is, as what one jumps to lies in it. */
  readonly forced: boolean
  /** Whether it is drawn before anyone knows where it lies. */
  readonly drawnAtFirst: boolean
}

/** What a row takes, more or less, where none of its block has been drawn. */
const rowHeightGuess = 56

/** A stretch of a conversation. Away from the window only its height is left; drawn again only when one of its rows changed. */
export class MessageBlock extends Component<BlockProps, { readonly drawn: boolean }> {
  override state = { drawn: this.props.drawnAtFirst }
  readonly #element = createRef<HTMLOListElement>()
  #height: number | undefined
  #unfollow: (() => void) | undefined

  override componentDidMount(): void {
    this.#follow()
  }

  override componentDidUpdate(before: BlockProps): void {
    if (before.near !== this.props.near) this.#follow()
  }

  override componentWillUnmount(): void {
    this.#unfollow?.()
  }

  override shouldComponentUpdate(next: BlockProps, state: { readonly drawn: boolean }): boolean {
    const { block, forced, near, isGroup } = this.props
    const same = state.drawn === this.state.drawn && next.forced === forced && next.near === near && next.isGroup === isGroup
    return !same || (block !== next.block && !sameRows(block.rows, next.block.rows))
  }

  #follow(): void {
    const element = this.#element.current
    this.#unfollow?.()
    if (element === null || this.props.near === undefined) return
    this.#unfollow = this.props.near.follow(element, near => {
      if (!near && this.state.drawn) this.#height = element.offsetHeight
      this.setState({ drawn: near })
    })
  }

  override render({ block, desk, isGroup, forced }: BlockProps) {
    const drawn = this.state.drawn || forced
    const height = this.#height ?? block.rows.length * rowHeightGuess
    return (
      <ol class="block" ref={this.#element} style={drawn ? undefined : `height:${height}px`}>
        {drawn ? block.rows.map(row => <RowView key={row.key} row={row} desk={desk} isGroup={isGroup} />) : null}
      </ol>
    )
  }
}

function RowView({ row, desk, isGroup }: { readonly row: Row; readonly desk: Desk; readonly isGroup: boolean }) {
  const { store } = desk
  switch (row.kind) {
    case 'day':
      return (
        <li class="day" data-key={row.key}>
          <span>{store.labels.day(row.ts, store.now.value)}</span>
        </li>
      )
    case 'new':
      return (
        <li class="news" data-key={row.key}>
          <span>New messages</span>
        </li>
      )
    case 'membership':
      return (
        <li class="membership" data-key={row.key}>
          <bdi title={store.labels.exact(row.item.ts)}>{membershipText(row.item, store.people)}</bdi>
        </li>
      )
    case 'message':
      return <MessageRowView row={row} desk={desk} isGroup={isGroup} />
  }
}
