/** Frames from `first` to before `end`. */
export interface Range {
  first: number;
  end: number;
}

/** 'frames 120 to 239', 'frame 120' */
export function rangeInWords({ first, end }: Range): string {
  return end - first === 1 ? `frame ${first}` : `frames ${first} to ${end - 1}`;
}
