import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import clsx from 'clsx';
import { Clapperboard, Film, LogOut, ScanSearch, ScrollText, Scale, Sparkles, Spline } from 'lucide-react';
import { useMutation } from 'urql';
import { graphql } from './generated/index.js';
import { useSession, type Me } from './lib/session.js';
import { SignIn } from './pages/sign-in/sign-in.js';
import { UploadTray } from './pages/catalogue/upload-tray.js';
import { IconButton } from './ui/button.js';
import { Failed, Skeleton } from './ui/states.js';

const signOut = graphql(`
  mutation SignOut {
    signOut
  }
`);

const places = [
  { to: '/catalogue', name: 'Catalogue', Icon: Film, holds: '/titles/' },
  { to: '/search', name: 'Search', Icon: ScanSearch },
  { to: '/datasets', name: 'Datasets', Icon: Clapperboard },
  { to: '/runs', name: 'Runs', Icon: Spline },
  { to: '/generate', name: 'Generate', Icon: Sparkles },
  { to: '/licences', name: 'Licences', Icon: Scale },
  { to: '/log', name: 'Log', Icon: ScrollText, holds: '/decisions/' },
] as const;

/** The place of the main list that the page belongs to: a title is in the catalogue. */
function usePlace(): string | undefined {
  const path = useRouterState({ select: (state) => state.location.pathname });
  return places.find((place) => path.startsWith(place.to) || ('holds' in place && path.startsWith(place.holds)))?.to;
}

/** What surrounds every page. Whoever is not signed in signs in where they are, and then sees what they came for. */
export function Shell() {
  const { member, error, retry } = useSession();
  if (member === undefined) {
    return (
      <main className="mx-auto max-w-md px-4 pt-40">
        {error ? <Failed error={error} retry={retry} /> : <Skeleton className="h-24" />}
      </main>
    );
  }
  if (member === null) return <SignIn />;
  return (
    <div className="md:grid md:grid-cols-[13rem_minmax(0,1fr)]">
      <a href="#content" className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-md focus:bg-raised focus:px-3 focus:py-2">
        Skip to the page
      </a>
      <SideBar member={member} />
      <TopBar member={member} />
      <main id="content" tabIndex={-1} className="min-w-0 outline-none">
        <Outlet />
      </main>
      <BottomBar />
      <UploadTray />
    </div>
  );
}

function SideBar({ member }: { member: Me }) {
  const here = usePlace();
  return (
    <aside className="sticky top-0 hidden h-dvh flex-col border-r border-line bg-room px-3 py-5 md:flex">
      <Link to="/catalogue" className="mb-7 flex items-center gap-2.5 px-3">
        <img src="/mark.svg" alt="" className="size-7" />
        <span className="min-w-0">
          <span className="block text-sm leading-tight font-semibold">Backlot</span>
          <span className="block truncate text-xs leading-tight text-faint">{member.studio.name}</span>
        </span>
      </Link>
      <nav aria-label="Main" className="flex flex-col gap-0.5">
        {places.map(({ to, name, Icon }) => (
          <Link
            key={to}
            to={to}
            className={clsx('flex items-center gap-3 rounded-md px-3 py-2 text-sm', to === here ? 'bg-raised font-medium text-ink' : 'text-soft hover:bg-panel hover:text-ink')}
          >
            <Icon size={17} aria-hidden />
            {name}
          </Link>
        ))}
      </nav>
      <div className="mt-auto flex items-center justify-between gap-2 pl-3">
        <Person member={member} />
        <SignOut />
      </div>
    </aside>
  );
}

function Person({ member }: { member: Me }) {
  return (
    <div className="min-w-0 text-sm">
      <div className="truncate">{member.name}</div>
      <div className="truncate text-xs text-faint">{member.roles.map((role) => role[0] + role.slice(1).toLowerCase()).join(', ')}</div>
    </div>
  );
}

function SignOut() {
  const { renew } = useSession();
  const [, leave] = useMutation(signOut);
  return (
    <IconButton label="Sign out" onClick={() => void leave({}).then(renew)}>
      <LogOut size={16} aria-hidden />
    </IconButton>
  );
}

function TopBar({ member }: { member: Me }) {
  return (
    <div className="flex items-center justify-between gap-3 border-b border-line px-4 py-2 md:hidden">
      <div className="flex min-w-0 items-center gap-2.5">
        <img src="/mark.svg" alt="" className="size-6" />
        <span className="truncate text-sm font-medium">{member.studio.name}</span>
      </div>
      <div className="flex items-center gap-1">
        <span className="max-w-32 truncate text-xs text-faint">{member.name}</span>
        <SignOut />
      </div>
    </div>
  );
}

function BottomBar() {
  const here = usePlace();
  return (
    <nav aria-label="Main" className="fixed inset-x-0 bottom-0 z-30 grid grid-cols-7 border-t border-line bg-room pb-[env(safe-area-inset-bottom)] md:hidden">
      {places.map(({ to, name, Icon }) => (
        <Link key={to} to={to} className={clsx('flex min-w-0 flex-col items-center gap-0.5 py-2 text-[0.6875rem]', to === here ? 'text-tungsten' : 'text-faint')}>
          <Icon size={18} aria-hidden />
          <span className="max-w-full truncate">{name}</span>
        </Link>
      ))}
    </nav>
  );
}
