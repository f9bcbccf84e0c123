import { ClipVideo } from '../../ui/clip-video.js';
import { Panel } from '../../ui/page.js';
import type { Run } from './run-query.js';

/** What the model makes of the same prompts as it learns: a row a step, newest first. */
export function Samples({ samples, open }: { samples: Run['samples']; open: boolean }) {
  const steps = [...new Set(samples.map(({ step }) => step))].sort((a, b) => b - a);
  return (
    <Panel title="Samples" aside="Same prompts and seed at every step, so that rows compare">
      {steps.length === 0 ? (
        <p className="text-sm text-soft">{open ? 'The first samples arrive while it trains.' : 'This run made no samples.'}</p>
      ) : (
        <div className="flex flex-col gap-6">
          {steps.map((step) => (
            <section key={step} aria-label={`Step ${step}`}>
              <h3 className="figures mb-2 text-xs text-faint">Step {step}</h3>
              <div className="grid grid-cols-2 gap-4 sm:grid-cols-3">
                {samples
                  .filter((sample) => sample.step === step)
                  .map((sample) => (
                    <figure key={sample.number}>
                      <ClipVideo url={sample.url} label={`Sample at step ${step}: ${sample.prompt}`} className="rounded-md" />
                      <figcaption className="mt-1 line-clamp-2 text-xs text-soft" title={sample.prompt}>
                        {sample.prompt}
                      </figcaption>
                    </figure>
                  ))}
              </div>
            </section>
          ))}
        </div>
      )}
    </Panel>
  );
}
