/** A bar from 0 to 1, for eyes and for screen readers. */
export function Progress({ value, label }: { value: number; label: string }) {
  const percent = Math.round(Math.min(Math.max(value, 0), 1) * 100);
  return (
    <div role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent} className="h-1 w-full overflow-hidden rounded-full bg-line">
      <div className="h-full bg-busy transition-[width] duration-500" style={{ width: `${percent}%` }} />
    </div>
  );
}
