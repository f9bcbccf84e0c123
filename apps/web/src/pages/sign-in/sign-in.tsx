import { useEffect, type FormEvent } from 'react';
import { graphql } from '../../generated/index.js';
import { useForm } from '../../lib/form.js';
import { useAction } from '../../lib/outcome.js';
import { useSession } from '../../lib/session.js';
import { Button } from '../../ui/button.js';
import { TextField } from '../../ui/field.js';
import { Why } from '../../ui/states.js';

const signIn = graphql(`
  mutation SignIn($email: String!, $password: String!) {
    signIn(email: $email, password: $password) {
      __typename
      ... on Member {
        id
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

export function SignIn() {
  const { renew } = useSession();
  const { run, busy, refusal } = useAction(signIn, 'signIn');
  const { values, field } = useForm({ email: '', password: '' });
  useEffect(() => {
    document.title = 'Sign in · Backlot';
  }, []);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (await run(values)) renew();
  };

  return (
    <main className="grid min-h-dvh place-items-center px-4 py-10">
      <div className="w-full max-w-sm">
        <img src="/mark.svg" alt="" className="mb-6 size-10" />
        <h1 className="text-2xl font-semibold tracking-tight">Sign in to Backlot</h1>
        <p className="mt-1 mb-8 text-sm text-soft">Your catalogue, your licences, your models. Nobody else’s.</p>
        <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-4">
          <TextField label="E-mail" name="email" type="email" autoComplete="username" required autoFocus {...field('email')} />
          <TextField label="Password" name="password" type="password" autoComplete="current-password" required {...field('password')} />
          {refusal && <Why reason={refusal} />}
          <Button look="primary" type="submit" busy={busy} className="mt-2 min-h-10">
            {busy ? 'Signing in…' : 'Sign in'}
          </Button>
        </form>
      </div>
    </main>
  );
}
