import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import type { CatalogueQuery } from '../../generated/graphql.js';
import { Still } from '../../ui/still.js';
import { Progress } from '../../ui/progress.js';
import { isMoving, TitleStateChip } from './title-state.js';
import { useUploads } from './uploads.js';

export type CatalogueTitle = CatalogueQuery['titles']['nodes'][number];

/** One title: its poster, name and state; why it does not go on, where it does not. */
export const TitleCard = memo(function TitleCard({ title }: { title: CatalogueTitle }) {
  const sending = useUploads().find((item) => item.titleId === title.id && item.state !== 'done');
  const progress = title.state === 'UPLOADING' && sending ? sending.sent / sending.bytes : title.job?.progress;
  return (
    <Link to="/titles/$titleId" params={{ titleId: title.id }} className="group block rounded-lg">
      <div className="relative aspect-video overflow-hidden rounded-lg bg-panel ring-1 ring-line ring-inset">
        <Still reason="in words" url={title.posterUrl} className="size-full object-cover transition-opacity group-hover:opacity-85" />
        {isMoving(title.state) && progress != null && (
          <div className="absolute inset-x-2 bottom-2">
            <Progress value={progress} label={`${title.name}: ${title.state.toLowerCase()}`} />
          </div>
        )}
      </div>
      <div className="mt-2 flex items-baseline justify-between gap-3">
        <h2 className="min-w-0 truncate text-sm font-medium">{title.name}</h2>
        {title.year && <span className="figures text-xs text-faint">{title.year}</span>}
      </div>
      <div className="flex min-w-0 items-baseline gap-2">
        <TitleStateChip state={title.state} />
        {isMoving(title.state) && progress != null && <span className="figures text-xs text-faint">{Math.round(progress * 100)}%</span>}
        {title.reason && (
          <span className="min-w-0 truncate text-xs text-faint" title={`${title.reason.message} ${title.reason.wayOut}`}>
            {title.reason.message}
          </span>
        )}
      </div>
    </Link>
  );
});
