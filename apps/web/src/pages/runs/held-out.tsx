import { Panel } from '../../ui/page.js';

const kinds: Record<string, string> = {
  'other-shots': 'Measured on clips of the same titles but of other shots, which the run never trained on.',
  'same-shots': 'Measured on clips of shots that were also trained on: there were no others.',
};

/** What the adapter is worth: the loss on clips it did not train on, beside the base model's. */
export function HeldOut({ base, adapter, kind }: { base: number | null | undefined; adapter: number | null | undefined; kind: string | null | undefined }) {
  const most = Math.max(base ?? 0, adapter ?? 0);
  const change = base != null && adapter != null ? (adapter - base) / base : undefined;
  return (
    <Panel title="Held-out loss" aside={change !== undefined ? `${change < 0 ? '−' : '+'}${Math.abs(change * 100).toFixed(1)}%` : undefined}>
      {base == null ? (
        <p className="text-sm text-soft">Measured before the first step and after the last, on the same noise.</p>
      ) : (
        <div className="flex flex-col gap-3 text-sm">
          <Bar name="Base model" value={base} most={most} colour="bg-edge" />
          {adapter == null ? <p className="text-soft">The adapter is measured after the last step.</p> : <Bar name="With this adapter" value={adapter} most={most} colour={adapter < base ? 'bg-go' : 'bg-stop'} />}
          {kind && <p className="text-xs text-faint">{kinds[kind] ?? kind} Lower is better.</p>}
        </div>
      )}
    </Panel>
  );
}

function Bar({ name, value, most, colour }: { name: string; value: number; most: number; colour: string }) {
  return (
    <div>
      <div className="flex justify-between">
        <span className="text-soft">{name}</span>
        <span className="figures font-mono">{value.toFixed(5)}</span>
      </div>
      <div className="mt-1 h-1.5 rounded-full bg-line">
        <div className={`h-full rounded-full ${colour}`} style={{ width: `${most ? (value / most) * 100 : 0}%` }} />
      </div>
    </div>
  );
}
