import clsx from 'clsx';

const still = matchMedia('(prefers-reduced-motion: reduce)').matches;

/** A short silent loop (a sample, an output). Who asked for less motion gets a still with controls. */
export function ClipVideo({ url, label, className }: { url: string; label: string; className?: string }) {
  return (
    <video
      src={url}
      aria-label={label}
      className={clsx('block aspect-[3/2] w-full bg-black object-contain [image-rendering:auto]', className)}
      muted
      loop
      playsInline
      autoPlay={!still}
      controls={still}
      preload="metadata"
    />
  );
}
