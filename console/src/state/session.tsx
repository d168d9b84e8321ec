/** Who is signed in. Without a session the login stands in place of the page, so the location stays as it was. */
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { useQueryClient } from "@tanstack/react-query";
import { api, ApiError, holdSession, type Me, type Verb } from "@/api/client";
import { prefs, setPrefs, watchPrefs, type Appearance } from "@/state/prefs";
import { LiveLine, live, setLive } from "@/api/live";

export type Phase = "asking" | "out" | "lost" | "away" | "in";
interface Session {
  phase: Phase;
  me: Me | null;
  signIn: (name: string, password: string) => Promise<void>;
  signOut: () => Promise<void>;
  again: () => void;
}
const SessionContext = createContext<Session | null>(null);

export function SessionProvider({ children }: { children: ReactNode }): ReactNode {
  const client = useQueryClient();
  const [phase, setPhase] = useState<Phase>("asking");
  const [me, setMe] = useState<Me | null>(null);
  const [round, setRound] = useState(0);

  const enter = useCallback(
    (next: Me) => {
      setMe((before) => {
        if (before && before.who !== next.who) client.clear(); // another person must not see what the first one read
        return next;
      });
      const lost = (): void => {
        live.close();
        setPhase((now) => (now === "in" ? "lost" : now));
      };
      holdSession(next.csrf, lost);
      live.close();
      setLive(new LiveLine(lost));
      live.open();
      setPhase("in");
    },
    [client],
  );

  useEffect(() => {
    let gone = false;
    api.get("/v1/me").then(
      (found) => gone || enter(found),
      (error: unknown) => gone || setPhase(error instanceof ApiError && error.status === 401 ? "out" : "away"),
    );
    return () => {
      gone = true;
    };
  }, [enter, round]);

  useCarriedAppearance(phase === "in");

  const value = useMemo<Session>(
    () => ({
      phase, me,
      signIn: async (name, password) => {
        await api.post("/v1/session", { body: { name, password } });
        enter(await api.get("/v1/me"));
        void client.invalidateQueries();
      },
      signOut: async () => {
        await api.delete("/v1/session").catch(() => {}); // gone either way: the page forgets what it read
        live.close();
        client.clear();
        holdSession("");
        setMe(null);
        setPhase("out");
      },
      again: () => {
        setPhase("asking");
        setRound((n) => n + 1);
      },
    }),
    [phase, me, client, enter],
  );
  return <SessionContext value={value}>{children}</SessionContext>;
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("useSession outside SessionProvider");
  return session;
}

/** Takes over what the person chose elsewhere, then tells the server each change made here. */
function useCarriedAppearance(signedIn: boolean): void {
  useEffect(() => {
    if (!signedIn) return;
    let stop = (): void => {};
    let gone = false;
    void api.get("/v1/appearance").then((chosen) => {
      if (gone) return;
      const here = changes(opened, shared()); // before signing in, e.g. the language
      setPrefs({ ...chosen, ...here });
      let before: ReturnType<typeof shared> = { ...shared(), ...(chosen as Appearance) };
      const tell = (): void => {
        const changed = changes(before, shared());
        before = shared();
        if (Object.keys(changed).length > 0) void api.put("/v1/appearance", { body: changed }).catch(() => {}); // kept in this browser all the same
      };
      tell();
      stop = watchPrefs(tell);
    }, () => {}); // without an answer the choice of this browser stands
    return () => {
      gone = true;
      stop();
    };
  }, [signedIn]);
}

const opened = shared();

const changes = (from: ReturnType<typeof shared>, to: ReturnType<typeof shared>): Partial<Appearance> =>
  Object.fromEntries(Object.entries(to).filter(([name, value]) => from[name as keyof typeof from] !== value));

/** The tour is told by itself: who signs in next in this browser has not seen it. */
function shared(): Omit<Appearance, "tour_ms"> {
  const { colours, density, language, theme, shortcuts } = prefs();
  return { colours, density, language, theme, shortcuts };
}

/** Who is signed in; inside pages somebody always is. */
export function useMe(): Me {
  const { me } = useSession();
  if (!me) throw new Error("useMe without a session");
  return me;
}

/** Whether the person may do something; what they may not do is absent from the page. */
export const useMay = (verb: Verb): boolean => useSession().me?.verbs.includes(verb) ?? false;
