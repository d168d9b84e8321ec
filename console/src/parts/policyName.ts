/** What people call a policy; its own name until that is known, and when it is gone. */
import { useGet } from "@/api/client";
import { useLang } from "@/i18n";

export function usePolicyName(): (name: string) => string {
  const lang = useLang();
  const { data } = useGet("/v1/policies", {});
  return (name) => data?.rows.find((one) => one.name === name)?.[lang] || name;
}
