/** Stars something, or takes the star away. */
export function StarButton({ label, isOn, onToggle }: { readonly label: string; readonly isOn: boolean; readonly onToggle: () => void }) {
  return (
    <button
      type="button"
      class="star"
      aria-pressed={isOn}
      aria-label={label}
      title={isOn ? 'Remove from favourites' : 'Add to favourites'}
      onClick={onToggle}
    >
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d="m12 2.800 2.850 5.900 6.500.900-4.700 4.550 1.130 6.450L12 17.500l-5.780 3.100 1.130-6.450-4.700-4.550 6.500-.900Z" />
      </svg>
    </button>
  )
}
