/** The timeline of a person: pages by cursor, families in the URL, new lines held back until they are asked for. */
import { type ReactNode, useState } from "react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api, type ApiError, type Schemas, urlOf } from "@/api/client";
import { useT } from "@/i18n";
import { ExportMenu } from "@/parts/ExportMenu";
import { PageState } from "@/parts/PageState";
import { Timeline, type FamilyCount } from "@/parts/Timeline";
import { useParam } from "@/state/url";
import { m } from "./messages";

type Answer = Schemas["Timeline"];
const PATH = "/v1/people/{ref}/timeline";
const LIVE_MS = 5_000;
const PAGE = 50;

export function Story({ reference, asof, onOpen }: { reference: string; asof: string; onOpen: (event: string) => void }): ReactNode {
  const t = useT(m);
  const [chosenText, setChosen] = useParam("fam");
  const [live, setLive] = useState(false);
  const chosen = chosenText.split(",").filter((one) => /^[a-z]{1,20}$/.test(one));
  const query = { families: chosen.join(","), asof, limit: PAGE };
  const read = (cursor: string, signal?: AbortSignal): Promise<Answer> => api.get(PATH, { path: { ref: reference }, query: { ...query, cursor }, signal });
  const pages = useInfiniteQuery<Answer, ApiError, { pages: Answer[] }, unknown[], string>({
    queryKey: [PATH, reference, query], initialPageParam: "", queryFn: ({ pageParam, signal }) => read(pageParam, signal), getNextPageParam: (last) => last.next || undefined,
  });
  const counts = useQuery<Answer, ApiError>({
    queryKey: [PATH, reference, "families", asof], enabled: chosen.length > 0, queryFn: ({ signal }) => api.get(PATH, { path: { ref: reference }, query: { asof, limit: 1 }, signal }),
  });
  const items = pages.data?.pages.flatMap((page) => page.rows) ?? [];
  const newest = Math.max(0, ...items.slice(0, PAGE).map((item) => item.seq));
  const head = useQuery<Answer, ApiError>({
    queryKey: [PATH, reference, "head", query], enabled: live && !asof, refetchInterval: LIVE_MS, queryFn: ({ signal }) => read("", signal),
  });
  const waiting = live && !asof ? (head.data?.rows ?? []).filter((item) => item.seq > newest).length : 0;
  const families: readonly FamilyCount[] = (chosen.length ? counts.data?.families : pages.data?.pages[0]?.families) ?? [];
  if (pages.error) return <PageState state="error" error={pages.error} onRetry={() => void pages.refetch()} />;
  if (!pages.data) return <PageState state="loading" />;
  const file = (ending: string): string => urlOf(`${PATH}.${ending}`, { ref: reference }, { families: query.families, asof });
  return (
    <>
      <div className="story-tools"><ExportMenu name="timeline" label={t("timeline")} csv={file("csv")} xlsx={file("xlsx")} /></div>
      <Timeline
        items={items} families={families} chosen={chosen} onChoose={(next) => setChosen(next.join(","))} onOpen={onOpen} label={t("timeline")}
        busy={pages.isFetchingNextPage} onMore={pages.hasNextPage ? () => void pages.fetchNextPage() : undefined}
        live={live} onLive={asof ? undefined : setLive} waiting={waiting} onShow={() => void pages.refetch()}
      />
    </>
  );
}
