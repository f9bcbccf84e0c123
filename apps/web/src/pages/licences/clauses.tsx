/** What a licence says, a line a clause, the clause's number in the margin. */
export function Clauses({ lines }: { lines: string[] }) {
  return (
    <ol className="flex flex-col gap-2.5 text-sm">
      {lines.map((line, place) => {
        const [, number, says = line] = /^Clause (\S+) (.*)$/s.exec(line) ?? [];
        return (
          <li key={place} className="grid grid-cols-[2.5rem_minmax(0,1fr)] gap-x-3">
            <span className="figures text-right text-faint" title={number && `Clause ${number} of the contract`}>
              {number}
            </span>
            <span className="break-words text-pretty">{says[0]?.toUpperCase() + says.slice(1)}</span>
          </li>
        );
      })}
    </ol>
  );
}
