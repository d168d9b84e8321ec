/** Why a trait is what it is for one party, asked once however many parts of the page read it. */
import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { api, type ApiError } from "@/api/client";
import type { Detail, Why } from "./logic";

const PATH = "/v1/traits/{name}/explain";
/** Events that are asked for at once. */
export const STEPS = [20, 100, 500, 1000] as const;
/** Each reading of a sensitive trait is logged: never again by itself, and not kept. */
export const onceIf = (purpose: string): { staleTime?: number; gcTime?: number } => (purpose ? { staleTime: Infinity, gcTime: 0 } : {});

export function useWhy(trait: Detail, ref: string, asof: string, purpose: string, { limit = STEPS[0], asks = true }: { limit?: number; asks?: boolean } = {}): UseQueryResult<Why, ApiError> {
  const query = { ref, asof, purpose, limit };
  return useQuery<Why, ApiError>({
    queryKey: [PATH, trait.name, query], placeholderData: keepPreviousData, enabled: asks && ref !== "", ...onceIf(purpose),
    queryFn: ({ signal }) => api.get(PATH, { path: { name: trait.name }, query, signal }),
  });
}
