import { bytes, date, span, spaced } from '../../lib/format.js';
import { Copied, Facts } from '../../ui/page.js';
import type { Title } from './title-query.js';

interface Probe {
  container?: string;
  durationSeconds?: number;
  video?: { codec?: string; width?: number; height?: number; displayWidth?: number; displayHeight?: number; frameRate?: string; variableFrameRate?: boolean; pixFmt?: string; bitDepth?: number; interlaced?: boolean };
  audio?: { codec: string; channels: number; sampleRate: number; language?: string }[];
  warnings?: { code: string; message: string }[];
}

/** What the file is, as it was found. */
export function FilePanel({ title }: { title: Title }) {
  const { master, analysis } = title;
  if (!master) return <p className="text-sm text-soft">There is no file yet.</p>;
  const probe = (master.probe ?? {}) as Probe;
  const { video } = probe;
  const warnings = [...(probe.warnings ?? []), ...((analysis?.warnings ?? []) as { code: string; message: string }[])];
  return (
    <div className="grid gap-8 lg:grid-cols-2">
      <Facts
        facts={[
          ['File', master.fileName],
          ['Size', bytes(master.bytes)],
          ['State', spaced(master.state)],
          ...(master.sha256 ? ([['SHA-256', <Copied key="sha" value={master.sha256} />]] as [string, React.ReactNode][]) : []),
          ['Added', date(title.createdAt)],
          ...(title.eidr ? ([['EIDR', title.eidr]] as [string, string][]) : []),
          ...(probe.container ? ([['Container', probe.container]] as [string, string][]) : []),
          ...(probe.durationSeconds ? ([['Length', span(probe.durationSeconds)]] as [string, string][]) : []),
        ]}
      />
      <div className="flex flex-col gap-6">
        <Facts
          facts={[
            ...(video
              ? ([
                  ['Picture', `${video.codec ?? ''} ${video.displayWidth ?? video.width}×${video.displayHeight ?? video.height}`],
                  ['Rate', `${video.frameRate ?? ''}${video.variableFrameRate ? ', variable' : ''}`],
                  ['Pixels', `${video.pixFmt ?? ''}${video.interlaced ? ', interlaced' : ''}`],
                ] as [string, string][])
              : []),
            ...(probe.audio ?? []).map((audio, place): [string, string] => [`Sound ${place + 1}`, `${audio.codec}, ${audio.channels} channels, ${audio.sampleRate / 1000} kHz`]),
            ...(analysis
              ? ([
                  ['Frames', analysis.frames.toLocaleString('en')],
                  ['Time base', analysis.timeBase],
                  ['Shot detector', analysis.detector],
                ] as [string, string][])
              : []),
          ]}
        />
        {warnings.length > 0 && (
          <ul className="flex flex-col gap-1.5 text-sm text-soft">
            {warnings.map((warning, place) => (
              <li key={place} className="border-l-2 border-tungsten pl-3">
                {warning.message}
              </li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}
