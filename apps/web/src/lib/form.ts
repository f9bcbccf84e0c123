import { useState } from 'react';

/** What is written in a form: `field` gives an input its value and takes what is typed. */
export function useForm<Values extends Record<string, string>>(initial: Values) {
  const [values, setValues] = useState(initial);
  const set = (change: Partial<Values>) => setValues((now) => ({ ...now, ...change }));
  const field = (name: keyof Values) => ({ value: values[name], onChange: ({ target }: { target: { value: string } }) => setValues((now) => ({ ...now, [name]: target.value })) });
  return { values, set, field };
}

/** An empty number field means: not given. */
export const numberOr = (text: string): number | null => (text === '' ? null : Number(text));
