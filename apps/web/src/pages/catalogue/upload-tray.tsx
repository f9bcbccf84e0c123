import { CheckCircle2, Pause, Play, X } from 'lucide-react';
import { useEffect } from 'react';
import { bytes } from '../../lib/format.js';
import { IconButton } from '../../ui/button.js';
import { Progress } from '../../ui/progress.js';
import { uploads, useUploads, type UploadItem } from './uploads.js';

/** What this browser is sending, in the corner of every page: leaving the catalogue does not stop it. */
export function UploadTray() {
  const items = useUploads();
  const sending = items.some((item) => item.state === 'sending' || item.state === 'waiting');
  useEffect(() => {
    if (!sending) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, [sending]);
  if (items.length === 0) return null;
  return (
    <section aria-label="Uploads" className="fixed right-4 bottom-18 z-40 w-[min(22rem,calc(100vw-2rem))] rounded-xl border border-line bg-panel shadow-2xl shadow-black/60 md:bottom-4">
      <h2 className="border-b border-line px-4 py-2.5 text-sm font-semibold">Uploads</h2>
      <ul className="max-h-72 overflow-y-auto">
        {items.map((item) => (
          <Row key={item.titleId} item={item} />
        ))}
      </ul>
    </section>
  );
}

const words: Record<UploadItem['state'], string> = { waiting: 'Waiting its turn', sending: 'Sending', paused: 'Paused', failed: 'Stopped', done: 'Arrived' };

function Row({ item }: { item: UploadItem }) {
  return (
    <li className="border-b border-line px-4 py-3 last:border-0">
      <div className="flex items-center justify-between gap-2">
        <span className="truncate text-sm">{item.titleName}</span>
        <span className="flex shrink-0 items-center">
          {item.state === 'done' && <CheckCircle2 size={16} aria-label="arrived" className="mr-2 text-go" />}
          {item.state === 'sending' && (
            <IconButton label={`Pause ${item.fileName}`} className="!size-7" onClick={() => uploads.pause(item.titleId)}>
              <Pause size={14} aria-hidden />
            </IconButton>
          )}
          {(item.state === 'paused' || item.state === 'failed') && (
            <IconButton label={`Continue ${item.fileName}`} className="!size-7" onClick={() => uploads.resume(item.titleId)}>
              <Play size={14} aria-hidden />
            </IconButton>
          )}
          <IconButton label={`Take ${item.fileName} off the list`} className="!size-7" onClick={() => uploads.dismiss(item.titleId)}>
            <X size={14} aria-hidden />
          </IconButton>
        </span>
      </div>
      {item.state !== 'done' && <Progress value={item.bytes ? item.sent / item.bytes : 0} label={`Upload of ${item.fileName}`} />}
      <p className="figures mt-1.5 text-xs text-faint" aria-live="polite">
        {item.note ?? `${words[item.state]} · ${bytes(item.sent)} of ${bytes(item.bytes)}`}
      </p>
      {item.reason && (
        <p role="alert" className="mt-1 text-xs text-stop">
          {item.reason.message} <span className="text-soft">{item.reason.wayOut}</span>
        </p>
      )}
    </li>
  );
}
