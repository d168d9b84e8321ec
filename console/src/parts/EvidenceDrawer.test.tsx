import { render, screen } from "@testing-library/react";
import { QueryClientProvider } from "@tanstack/react-query";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeQueryClient, type Schemas } from "@/api/client";
import { EvidenceDrawer, readingText } from "./EvidenceDrawer";

const EVIDENCE: Schemas["Evidence"] = {
  of: "metric:gmv_paid", zh: "支付GMV", en: "Paid GMV", definition_zh: "付清的订单金额之和。", definition_en: "Sum of paid orders.", unit: "CNY", known: 60_526, as_of_ms: Date.UTC(2026, 10, 15, 6, 20),
  window: { start_ms: Date.UTC(2026, 10, 8, 16), end_ms: Date.UTC(2026, 10, 15, 16), partial: false }, current: { value: 123_450, n: 3, numerator: null, denominator: null, missing: "" },
  compared: null, sql: "select 1", columns: ["order", "amount"], sample: [["FAKE-1", 1990], ["<b>x</b>", null]], rows: 3, people: 4, person_refs: [], method_zh: "逐单相加", method_en: "Summed", lineage: ["a", "b"], command: "guanxi metrics",
};
const asked = vi.fn<(url: string) => Promise<Response>>(() => Promise.resolve(new Response(JSON.stringify(EVIDENCE))));
beforeEach(() => void vi.stubGlobal("fetch", asked));
afterEach(() => vi.unstubAllGlobals());

const show = (tab: string) =>
  render(<QueryClientProvider client={makeQueryClient()}><MemoryRouter initialEntries={[`/x?t=30d&pf=jd&tab=${tab}`]}><EvidenceDrawer of="metric:gmv_paid" onClose={() => {}} /></MemoryRouter></QueryClientProvider>);

it("asks with the filters of the page and shows the value, the definition and the window", async () => {
  show("definition");
  expect(await screen.findByText("付清的订单金额之和。")).toBeTruthy();
  expect(screen.getByText("¥1,234.50")).toBeTruthy();
  expect(screen.getByText(/11月9日至15日$/)).toBeTruthy();
  expect(asked.mock.calls[0]?.[0]).toBe("/v1/evidence?of=metric%3Agmv_paid&t=30d&cmp=prev&align=solar&pf=jd");
});

it("shows rows as text with what is missing said", async () => {
  show("rows");
  expect(await screen.findByText("<b>x</b>")).toBeTruthy();
  expect(screen.getByText("共 3 行，下面是前 2 行。")).toBeTruthy();
  expect(screen.getByText("—")).toBeTruthy();
  expect(screen.getByText("¥19.90")).toBeTruthy();
});

it("does not count fewer than five people one by one", async () => {
  show("people");
  expect(await screen.findByText("少于 5 人，不逐个列出。")).toBeTruthy();
});

it.each([["CNY", 123_450, "¥1,234.50"], ["share", 0.413, "41.30%"], ["count", 9_876, "9,876"], ["", 3, "3"], ["CNY", null, "—"]])("reads %s %s", (unit, value, said) => {
  expect(readingText({ value, n: 1, numerator: null, denominator: null, missing: "" }, unit)).toBe(said);
});
