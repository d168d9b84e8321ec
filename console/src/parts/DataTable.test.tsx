import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { MemoryRouter, useLocation } from "react-router";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { setPrefs } from "@/state/prefs";
import { type Column, DataTable, orderOf, usePaging } from "./DataTable";

interface Row { id: string; city: string; amount: number }
const rows: Row[] = [{ id: "a", city: "苏州", amount: 10 }, { id: "b", city: "<script>", amount: 20 }];
const columns: Column<Row>[] = [
  { key: "city", title: "城市", render: (row) => row.city, always: true },
  { key: "amount", title: "金额", unit: "元", render: (row) => row.amount, numeric: true, sorts: true, downFirst: true },
];
let place = "";

function Sample({ onOpen, batch }: { onOpen?: (row: Row) => void; batch?: boolean }) {
  const paging = usePaging();
  const { search } = useLocation();
  place = search;
  return (
    <DataTable
      id="sample" label="样例" columns={columns} rows={rows} rowKey={(row) => row.id} total={1234} paging={paging} onOpen={onOpen}
      batch={batch ? (picked) => <span>{picked.join("+")}</span> : undefined}
    />
  );
}
const show = (at = "/", more: { onOpen?: (row: Row) => void; batch?: boolean } = {}) => render(<MemoryRouter initialEntries={[at]}><Sample {...more} /></MemoryRouter>);

describe("DataTable", () => {
  beforeEach(() => setPrefs({ hiddenColumns: {} }));

  it("says the total, the unit and keeps text as text", () => {
    show();
    expect(screen.getByText("共 1,234 条")).toBeTruthy();
    expect(screen.getByRole("columnheader", { name: /金额（元）/ })).toBeTruthy();
    expect(screen.getByText("<script>")).toBeTruthy();
    expect(document.querySelectorAll("table")).toHaveLength(1);
  });

  it("sorts in the URL and says so in aria-sort and words", async () => {
    show("/?page=3");
    await userEvent.click(screen.getByText("金额（元）"));
    expect(place).toBe("?sort=-amount");
    expect(screen.getByText("按金额从高到低")).toBeTruthy();
    expect(screen.getByRole("columnheader", { name: /金额/ }).getAttribute("aria-sort")).toBe("descending");
  });

  it("turns pages in the URL", async () => {
    show("/?sort=-amount");
    await userEvent.click(screen.getByTitle("2"));
    expect(new URLSearchParams(place).get("page")).toBe("2");
    expect(new URLSearchParams(place).get("sort")).toBe("-amount");
  });

  it("opens a row by Enter and walks by arrows", async () => {
    const onOpen = vi.fn();
    show("/", { onOpen });
    const first = screen.getByText("苏州").closest("tr") as HTMLElement;
    first.focus();
    await userEvent.keyboard("{ArrowDown}{ArrowDown}{Enter}");
    expect(onOpen).toHaveBeenCalledWith(rows[1]);
  });

  it("offers verbs for picked rows", async () => {
    show("/", { batch: true });
    expect(screen.queryByText("a+b")).toBeNull();
    await userEvent.click(screen.getByRole("checkbox", { name: "选择本页全部" }));
    expect(screen.getByText("a+b")).toBeTruthy();
  });

  it("remembers hidden columns", async () => {
    show();
    await userEvent.click(screen.getByRole("button", { name: "列" }));
    await userEvent.click(within(await screen.findByRole("tooltip")).getByRole("checkbox", { name: "金额" }));
    expect(screen.queryByRole("columnheader", { name: /金额/ })).toBeNull();
    expect(JSON.parse(localStorage.getItem("guanxi.prefs") ?? "{}").hiddenColumns).toEqual({ sample: ["amount"] });
  });

  it("reads a sort", () => {
    expect([orderOf("a", "a"), orderOf("a", "-a"), orderOf("a", "b")]).toEqual(["ascend", "descend", null]);
  });
});
